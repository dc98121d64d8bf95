"""Everything that is done in the name of data rights."""

from privacy.services.erasing import (
    approve_erasure,
    decline_erasure,
    due_erasures,
    erase_again,
    erasure_log,
    request_erasure,
    to_erase_again,
    work_erasure,
)
from privacy.services.exporting import (
    decide_export,
    due_exports,
    export_for,
    note_download,
    remove_expired,
    request_messages_export,
    request_person_export,
    work_export,
)
from privacy.services.person_file import write_zip
from privacy.services.retention import apply_retention, count_old
from privacy.services.second_person import two_admins

__all__ = [
    "apply_retention",
    "approve_erasure",
    "count_old",
    "decide_export",
    "decline_erasure",
    "due_erasures",
    "due_exports",
    "erase_again",
    "erasure_log",
    "export_for",
    "note_download",
    "remove_expired",
    "request_erasure",
    "request_messages_export",
    "request_person_export",
    "to_erase_again",
    "two_admins",
    "work_erasure",
    "work_export",
    "write_zip",
]

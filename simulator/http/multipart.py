"""Multipart forms, as far as one upload needs them."""

from email.parser import BytesParser
from email.policy import HTTP


class InvalidForm(ValueError):
    """The body is not the multipart form it says it is."""


def parse(content_type: str, body: bytes) -> tuple[dict[str, str], dict[str, bytes]]:
    """The text fields and the files of a form, by name. Raises InvalidForm."""
    if not content_type.lower().startswith("multipart/form-data"):
        raise InvalidForm("The content type must be multipart/form-data.")
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1", "replace")
    message = BytesParser(policy=HTTP).parsebytes(head + body)
    if not message.is_multipart():
        raise InvalidForm("The form has no parts.")
    fields: dict[str, str] = {}
    files: dict[str, bytes] = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        payload = part.get_payload(decode=True)
        if not isinstance(name, str) or not isinstance(payload, bytes):
            continue
        if part.get_filename() is None:
            fields[name] = payload.decode("utf-8", "replace")
        else:
            files[name] = payload
    return fields, files

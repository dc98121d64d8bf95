"""What beat rings for, by the clock. Sweeping is never beat's job: what customers wait for must not hang on it."""

from dataclasses import dataclass

from django_celery_beat.models import CrontabSchedule, PeriodicTask

from supportagent.celery import app


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A task and when it is rung for: minutes and hours as in a crontab, in UTC."""

    name: str
    task: str
    minute: str = "*"
    hour: str = "*"


JOBS = (
    Job(name="Build the facts of episodes that moved", task="analytics.tasks.build_facts"),
    Job(name="Let go of what is older than it may be", task="privacy.tasks.let_go_of_old_rows", minute="23"),
    Job(name="Roll the figures up by the hour", task="analytics.tasks.roll_up", minute="2,17,32,47"),
)


def ensure() -> list[str]:
    """Make the rows of the jobs that this copy has tasks for; those that are there stay as an admin set them.

    Returns the names of the jobs there are now.
    """
    app.loader.import_default_modules()
    known = [job for job in JOBS if job.task in app.tasks]
    for job in known:
        schedule, _ = CrontabSchedule.objects.get_or_create(
            minute=job.minute, hour=job.hour, day_of_week="*", day_of_month="*", month_of_year="*", timezone="UTC"
        )
        PeriodicTask.objects.get_or_create(name=job.name, defaults={"task": job.task, "crontab": schedule})
    PeriodicTask.objects.filter(name__in=[job.name for job in JOBS]).exclude(
        task__in=[job.task for job in known]
    ).delete()
    return [job.name for job in known]

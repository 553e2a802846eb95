"""How a job stands, and what the panels on its page show: its log, how busy its hardware is."""

from django import template

from compute.jobs import logpanel, measured
from portal.core.templatetags import millwright

register = template.Library()


@register.simple_tag
def job_pill(job, wrong: bool = False, size: str = ""):
    """How `job` stands; `wrong` where it waits until somebody changes something."""
    if wrong:
        return millwright.pill("Waits, needs a change", "bad", "warn", size)
    if job.cancel_asked_at and not job.ended:
        return millwright.pill("Being cancelled", "idle", "stop", size)
    return millwright.status(job, size)


@register.simple_tag(takes_context=True)
def log_panel(context, job):
    """The log of `job` as this reader may see it and as the address asks for it."""
    return logpanel.panel(job, context["request"].GET)


@register.simple_tag
def measures_panel(job):
    """How busy the hardware of `job` is, of late."""
    return measured.panel(job)

"""What the panels on the page of a job show: its log, and how busy its hardware is."""

from django import template

from compute.jobs import logpanel, measured

register = template.Library()


@register.simple_tag(takes_context=True)
def log_panel(context, job):
    """The log of `job` as this reader may see it and as the address asks for it."""
    return logpanel.panel(job, context["request"].GET)


@register.simple_tag
def measures_panel(job):
    """How busy the hardware of `job` is, of late."""
    return measured.panel(job)

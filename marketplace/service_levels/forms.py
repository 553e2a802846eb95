"""Forms of service levels."""

from django import forms

from marketplace.service_levels.models import Target


class TargetForm(forms.ModelForm):
    """What a model promises."""

    class Meta:
        model = Target
        fields = ("availability", "latency_ms", "latency_share")
        labels = {
            "availability": "Answered",
            "latency_ms": "Answered within",
            "latency_share": "Share answered in that time",
        }
        help_texts = {
            "availability": "Share of calls that get an answer. Calls refused for the caller's "
            "own mistake do not count.",
            "latency_ms": "From the gateway's door to the end of the answer.",
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name, unit in (("availability", "%"), ("latency_ms", "ms"), ("latency_share", "%")):
            self.fields[name].unit = unit

    def _post_clean(self) -> None:
        """The service checks and saves; the form keeps what was typed."""

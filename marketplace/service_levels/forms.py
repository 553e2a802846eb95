"""Forms of service levels."""

from decimal import Decimal

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
        for name in ("availability", "latency_share"):
            if isinstance(self.initial.get(name), Decimal):
                self.initial[name] = _short(self.initial[name])

    def _post_clean(self) -> None:
        """The service checks and saves; the form keeps what was typed."""


def _short(share: Decimal) -> str:
    """99.900 as people write it: 99.9."""
    return f"{share:f}".rstrip("0").rstrip(".") if share % 1 else f"{share:.0f}"

"""Forms of jobs: asking for one, narrowing the list, keeping a template, a reason."""

import re
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

from django import forms

from compute.capacity.models import Cluster, EngineKind, GpuFlavour
from compute.engines.jobs import MOST_NODES
from compute.jobs import commands, limits, series_text, variables, wording
from compute.jobs.lifecycle import JobStatus, Priority
from compute.jobs.listing import STUCK, UNFINISHED, Wanted
from compute.jobs.models import Template
from marketplace.catalog.models import DataClass
from tenants.directory.models import Region, Tenant
from tenants.directory.roles import TenantRole

SLUG = re.compile(r"[\w.:/@-]{1,120}")
WHOLE = re.compile(r"\d{1,6}\.\d+")
STATUSES = [
    ("", "Any status"), (UNFINISHED, "Not ended"), (STUCK, "Waits for something wrong"),
    *JobStatus.choices,
]  # fmt: skip
MAY = {True: list(Priority), False: [Priority.LOW, Priority.NORMAL]}


def raises_priority(user, tenant) -> bool:
    """Whether this person may let a job of `tenant` go before others: owners and operators."""
    return user.is_operator or user.may(TenantRole.OWNER, tenant)


def priorities_for(user, tenant) -> list[tuple[str, str]]:
    return [(each.value, each.label) for each in MAY[raises_priority(user, tenant)]]


class Text(forms.CharField):
    """Text that a reader of ours turns into a value; its words are the error."""

    def __init__(self, *, read, write, **kwargs):
        super().__init__(**kwargs)
        self.read, self.write = read, write

    def clean(self, value):
        text = super().clean(value)
        if not text and not self.required:
            return self.read("") if self.empty_value is None else self.empty_value
        try:
            return self.read(text)
        except ValueError as wrong:
            raise forms.ValidationError(str(wrong)) from None

    def prepare_value(self, value):
        return value if value is None or isinstance(value, str) else self.write(value)


class Amount(forms.DecimalField):
    """A decimal that is shown without zeros behind."""

    def prepare_value(self, value):
        known = isinstance(value, Decimal) or (isinstance(value, str) and WHOLE.fullmatch(value))
        return wording.plain(value) if known else value


def area(rows: int, **attrs) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows, "spellcheck": "false", "class": "mono", **attrs})


def box(**attrs) -> forms.TextInput:
    return forms.TextInput(attrs={"inputmode": "decimal", "class": "input--num", **attrs})


def count(most, *, least=0, initial=None, places=None, **kwargs) -> forms.Field:
    """A number of something: whole, or with so many places."""
    facts = {"min_value": least, "max_value": most, "initial": initial, "widget": box(), **kwargs}
    if places is None:
        return forms.IntegerField(**facts)
    return Amount(decimal_places=places, **facts)


def read_names(text: str) -> list[str]:
    """Names of data sets, one a line or with commas between."""
    found = [part.strip() for part in re.split(r"[\n,]", text) if part.strip()]
    if wrong := [name for name in found if not SLUG.fullmatch(name)]:
        raise ValueError(f"{wrong[0][:40]} cannot be the name of a data set.")
    if len(found) > 50:
        raise ValueError("Name 50 data sets or fewer.")
    return list(dict.fromkeys(found))


class Asks(forms.Form):
    """What a job runs and needs; never which card, machine or file of a cluster."""

    name = forms.CharField(max_length=80, label="Name")
    command = Text(
        read=commands.read_command, write=commands.write_command, widget=area(3), label="Command",
        max_length=commands.LONGEST,
        help_text='A line for the shell, or a list of arguments: ["python", "train.py"].',
    )  # fmt: skip
    image = forms.CharField(
        max_length=255, required=False, label="Image",
        help_text="What holds your program, such as registry.example/claims/train:3.",
    )  # fmt: skip
    gpus = count(limits.MOST_GPUS, initial=1, places=2, label="GPUs")
    gpu_memory_gb = count(limits.MOST_GPU_MEMORY_GB, initial=0, label="Least GPU memory")
    cpu = count(limits.MOST_CPU, initial=4, places=2, least=limits.LEAST_CPU, label="CPU")
    memory_gb = count(
        limits.MOST_MEMORY_GB, initial=16, places=2, least=limits.LEAST_MEMORY_GB, label="Memory"
    )
    nodes = count(MOST_NODES, initial=1, least=1, label="Nodes")
    together = forms.BooleanField(required=False, label="All nodes in one rack, for fast links")
    datasets = Text(
        read=read_names, write="\n".join, required=False, empty_value=None, widget=area(2),
        label="Data sets", help_text="Their names, one a line. They are shown with the job.",
    )  # fmt: skip
    data_class = forms.ChoiceField(
        choices=DataClass, initial=DataClass.INTERNAL, label="Class of the data",
        help_text="Confidential and restricted data stay in one region.",
    )  # fmt: skip
    region = forms.ChoiceField(
        choices=[("", "Where it fits"), *Region.choices], required=False,
        label="Region",
    )  # fmt: skip
    time_limit_s = Text(
        read=wording.read_span, write=wording.span_to_edit, max_length=40, initial="6 h",
        label="Time limit", help_text="Such as 6 h, 90 min or 2 days. It stops by itself then.",
    )  # fmt: skip
    priority = forms.ChoiceField(choices=Priority, initial=Priority.NORMAL, label="Priority")
    retries = count(limits.MOST_RETRIES, initial=0, label="Tries again")
    checkpoint = forms.CharField(
        max_length=300, required=False, label="Checkpoint folder",
        help_text="A name, such as models/digits. It outlives a try: what the program writes "
        "there is there for the next one.",
    )  # fmt: skip
    variables = Text(
        read=variables.read_variables, write=variables.write_variables, required=False,
        empty_value=None, widget=area(3, placeholder="EPOCHS=10"), label="Variables",
        help_text="One NAME=value a line. No secrets: your team can read them.",
    )  # fmt: skip
    notify = forms.BooleanField(
        required=False,
        initial=True,
        label="Tell me when it starts after a long wait and when it ends",
    )

    def __init__(self, *args, user, tenant=None, **kwargs):
        super().__init__(*args, **kwargs)
        for name, unit in UNITS.items():
            self.fields[name].unit = unit
        self.fields["gpu_memory_gb"].hint = "0 for any"
        self.fields["priority"].choices = priorities_for(user, tenant)
        if tenant is not None and not raises_priority(user, tenant):
            self.fields["priority"].help_text = "Owners of the team and operators can go higher."
        shared = GpuFlavour.objects.visible_to(user).filter(parts__gt=1)
        known = sorted(set(shared.values_list("parts", flat=True)))
        self.parts = " or ".join(share(parts) for parts in known)
        if not Cluster.objects.visible_to(user).filter(engine=EngineKind.KUEUE).exists():
            del self.fields["image"]

    @property
    def more_open(self) -> bool:
        """Whether the rarer fields are shown at once: they hold something, or are wrong."""
        return any(self[name].value() or self[name].errors for name in RARE)

    def asks(self) -> dict:
        """The values by name, as `services.submit` and templates take them."""
        return {name: self.cleaned_data[name] for name in Asks.base_fields if name in self.fields}


def share(parts: int) -> str:
    """The smallest part of a GPU that is divided into so many: 2 -> "0.5"."""
    return wording.plain(round(Decimal(1) / parts, 2))


RARE = ("checkpoint", "variables")
UNITS = {
    "gpus": "for each node", "gpu_memory_gb": "GB", "cpu": "cores", "memory_gb": "GB",
    "retries": "times",
}  # fmt: skip


class JobForm(Asks):
    """A job of one of my teams."""

    tenant = forms.ModelChoiceField(
        Tenant.objects.none(), to_field_name="slug", empty_label=None, label="Team",
        help_text="Its quota is used, and it pays for what runs.",
    )  # fmt: skip
    template = forms.ModelChoiceField(
        Template.objects.none(), required=False, widget=forms.HiddenInput
    )
    each = Text(
        read=series_text.read_series, write=str, required=False, empty_value=None, strip=False,
        max_length=series_text.LONGEST, label="Values of each job",
        widget=area(5, placeholder="LR,EPOCHS\n0.1,10\n0.01,20", wrap="off"),
        help_text="Names of variables in the first line, then a line of values for each job, with "
        "commas or tabs between, as copied from a spreadsheet. The estimate is that of one job.",
    )  # fmt: skip
    field_order = ["tenant", "template"]

    def __init__(self, *args, user, tenant=None, **kwargs):
        super().__init__(*args, user=user, tenant=tenant, **kwargs)
        self.fields["tenant"].queryset = Tenant.objects.joined_by(user)
        self.fields["template"].queryset = Template.objects.visible_to(user)

    def template_of(self, tenant: Tenant) -> Template | None:
        """The one that it began with, which counts the jobs of its own team alone."""
        template = self.cleaned_data.get("template")
        return template if template and template.tenant_id == tenant.pk else None


class TemplateForm(Asks):
    """What a team keeps to run again."""

    description = forms.CharField(
        max_length=300, required=False, label="What it is for",
        widget=forms.Textarea(attrs={"rows": 2}),
    )  # fmt: skip
    tenant = forms.ModelChoiceField(
        Tenant.objects.none(), to_field_name="slug", empty_label=None, label="Team",
        help_text="Everybody in it can start jobs from the template.",
    )  # fmt: skip
    field_order = ["tenant", "name", "description"]

    def __init__(self, *args, user, tenant=None, kept=False, **kwargs):
        super().__init__(*args, user=user, tenant=tenant, **kwargs)
        self.fields["tenant"].queryset = Tenant.objects.joined_by(user)
        if kept:
            del self.fields["tenant"]


class NarrowForm(forms.Form):
    """What a list of jobs is narrowed to; values that make no sense narrow nothing."""

    q = forms.CharField(max_length=80, required=False)
    status = forms.ChoiceField(choices=STATUSES, required=False)
    tenant = forms.SlugField(required=False)
    person = forms.CharField(max_length=150, required=False)
    priority = forms.ChoiceField(choices=[("", "Any priority"), *Priority.choices], required=False)
    flavour = forms.ChoiceField(required=False)
    series = forms.UUIDField(required=False, widget=forms.HiddenInput)
    since = forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.user = user
        kinds = dict(GpuFlavour.objects.visible_to(user).values_list("slug", "name"))
        self.fields["flavour"].choices = [("", "Any hardware"), *sorted(kinds.items())]

    def wanted(self) -> Wanted:
        self.is_valid()
        chosen = self.cleaned_data
        who = chosen.get("person", "")
        return Wanted(
            words=chosen.get("q", ""),
            status=chosen.get("status", ""),
            tenant=chosen.get("tenant", ""),
            person=self.user.username if who == "me" else who,
            priority=chosen.get("priority", ""),
            flavour=chosen.get("flavour", ""),
            series=chosen.get("series"),
            since=_midnight(chosen.get("since")),
            until=_midnight(chosen.get("until"), days=1),
        )

    def ignored(self) -> list[str]:
        """Words about each filter whose value makes no sense."""
        self.is_valid()
        wrong = [name for name in self.fields if name in self.errors]
        wrong += [name for name in ("since", "until") if _outside(self.cleaned_data.get(name))]
        return [f"{name} is not {self.data.get(name, '')[:40]!r}" for name in wrong]

    def in_use(self) -> list[str]:
        """The names of the filters that narrow."""
        return [name for name in self.fields if self.cleaned_data.get(name)]


def _outside(day) -> bool:
    return day is not None and not 2000 <= day.year <= 2100


def _midnight(day, days: int = 0) -> datetime | None:
    """The start of a day in UTC, or of so many days later."""
    if day is None or _outside(day):
        return None
    return datetime.combine(day, time(), UTC) + timedelta(days=days)


class PriorityForm(forms.Form):
    """Another priority for a job."""

    to = forms.ChoiceField(choices=Priority, label="Priority")

    def __init__(self, *args, user, job, **kwargs):
        super().__init__(*args, initial={"to": job.priority}, **kwargs)
        self.fields["to"].choices = priorities_for(user, job.tenant)
        self.few = not raises_priority(user, job.tenant)

"""Lines of a log as HTML: coloured, told by level, and inert whatever they hold."""

from compute.jobs.rendering.escapes import plain
from compute.jobs.rendering.levels import level_of
from compute.jobs.rendering.lines import Line, html_of, shown

__all__ = ["Line", "html_of", "level_of", "plain", "shown"]

"""What notices put into the frame around every page: the bell, its count, the live address."""

from portal.core import shell
from portal.notices import services

shell.connect(unread=services.unread, notices_url="notices:list", live="/live/me/")

// <time data-when> says how long ago; the server wrote it first, this keeps it true.
const DAY = 86400;
// The same table as in portal/core/templatetags/_words.py.
const UNITS = [
  [3570, "min", 60],
  [DAY, "h", 3600],
  [14 * DAY, "day", DAY],
  [60 * DAY, "week", 7 * DAY],
  [700 * DAY, "month", 30.44 * DAY],
  [Infinity, "year", 365.25 * DAY],
];

function age(seconds) {
  const [, unit, size] = UNITS.find(([limit]) => seconds < limit);
  const count = Math.max(1, Math.round(seconds / size));
  const plural = count !== 1 && unit !== "min" && unit !== "h" ? "s" : "";
  return `${count} ${unit}${plural}`;
}

function words(moment) {
  const seconds = (Date.now() - moment) / 1000;
  if (Math.abs(seconds) < 45) return seconds >= 0 ? "just now" : "in a moment";
  return seconds > 0 ? `${age(seconds)} ago` : `in ${age(-seconds)}`;
}

function refresh() {
  for (const time of document.querySelectorAll("time[data-when]")) {
    const said = words(Date.parse(time.dateTime));
    if (time.textContent !== said) time.textContent = said;
  }
}

setInterval(refresh, 30000);
document.addEventListener("visibilitychange", () => document.hidden || refresh());

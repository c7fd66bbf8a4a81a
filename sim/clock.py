"""The calendar: elapsed whole seconds since the start, and what the clock on the wall says then.

Elapsed seconds run in real time; daylight saving only moves the hour that the wall clock shows.
The changes of Europe/Amsterdam fall on whole hours, so that a table by elapsed hour is exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import IntEnum
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.draws import Bools, Ints

HOUR_S = 3_600
DAY_S = 86_400
HOURS = 24
_SATURDAY, _SUNDAY = 5, 6
YEAR_S = 31_557_600
"""A year of 365.25 days, for rates per year."""
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
ENSCHEDE_LATITUDE = 52.22
ENSCHEDE_LONGITUDE = 6.89


class DayType(IntEnum):
    """Kinds of day in the occupancy tables; public holidays count as Sunday."""

    WEEKDAY = 0
    SATURDAY = 1
    SUNDAY = 2


@dataclass(frozen=True, slots=True)
class Calendar:
    """Wall-clock facts by elapsed time, from some days before the start to some days after it.

    Attributes:
        start: local date whose midnight is second 0.
        first_hour: elapsed hour of the first row of the tables (negative: history).
        hour_of_day, day_type, weekday, month: arrays [n_hours] by elapsed hour.
        sunrise_s, sunset_s: arrays [n_days] of elapsed seconds, by local day from `first_day`.
    """

    start: date
    first_hour: int
    hour_of_day: NDArray[np.int8]
    day_type: NDArray[np.int8]
    weekday: NDArray[np.int8]
    month: NDArray[np.int8]
    day_number: NDArray[np.int32]
    sunrise_s: Ints
    sunset_s: Ints

    @property
    def last_s(self) -> int:
        """End of the tables in elapsed seconds."""
        return (self.first_hour + len(self.hour_of_day)) * HOUR_S

    def row(self, at_s: ArrayLike) -> Ints:
        """Return the row of the hourly tables for each elapsed second.

        Raises:
            IndexError: if a time lies outside the tables.
        """
        rows = np.asarray(at_s, dtype=np.int64) // HOUR_S - self.first_hour
        if rows.size and (rows.min() < 0 or rows.max() >= len(self.hour_of_day)):
            raise IndexError(f"time outside the calendar: {rows.min()}..{rows.max()}")
        return np.asarray(rows)

    def is_day(self, at_s: ArrayLike) -> Bools:
        """Tell for each elapsed second whether the sun is up at Enschede."""
        seconds = np.asarray(at_s, dtype=np.int64)
        day = self.day_number[self.row(seconds)]
        return np.asarray((self.sunrise_s[day] <= seconds) & (seconds < self.sunset_s[day]))

    def date_to_s(self, day: date) -> int:
        """Return the elapsed second of local midnight on a date."""
        return date_to_s(self.start, day)

    def local(self, at_s: int) -> datetime:
        """Return the wall-clock time at an elapsed second."""
        return (_midnight_utc(self.start) + timedelta(seconds=int(at_s))).astimezone(AMSTERDAM)


def _midnight_utc(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=AMSTERDAM).astimezone(UTC)


def date_to_s(start: date, day: date) -> int:
    """Return the elapsed seconds from local midnight on `start` to local midnight on `day`."""
    return round((_midnight_utc(day) - _midnight_utc(start)).total_seconds())


def add_years(day: date, years: int) -> date:
    """Return the same day some years later; 29 February becomes 28 February."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def month_starts(start: date, months: int) -> list[date]:
    """Return the first days of `months` months counted from the start date, and the day after the
    last.
    """
    return [
        add_years(start.replace(month=(start.month - 1 + m) % 12 + 1), (start.month - 1 + m) // 12)
        for m in range(months + 1)
    ]


def build_calendar(start: date, days_before: int, days_after: int) -> Calendar:
    """Build the calendar's tables.

    Args:
        start: local date whose midnight is second 0.
        days_before: days of history to cover.
        days_after: days from the start to cover.
    """
    first_day, last_day = start - timedelta(days=days_before), start + timedelta(days=days_after)
    zero = _midnight_utc(start)
    first_hour = round((_midnight_utc(first_day) - zero).total_seconds()) // HOUR_S
    holidays = _public_holidays(first_day, last_day)
    days = [first_day + timedelta(days=i) for i in range((last_day - first_day).days)]
    hours = np.array(
        [round((_midnight_utc(d) - zero).total_seconds()) // HOUR_S for d in [*days, last_day]]
    )
    lengths = np.diff(hours)
    day_number = np.repeat(np.arange(len(days)), lengths)
    hour_of_day = np.concatenate([_wall_hours(d, n) for d, n in zip(days, lengths, strict=True)])
    weekday = np.array([d.weekday() for d in days], dtype=np.int8)
    kinds = np.array([_day_type(d, holidays) for d in days], dtype=np.int8)
    months = np.array([d.month for d in days], dtype=np.int8)
    sunrise, sunset = _sun(days, zero)
    return Calendar(
        start=start,
        first_hour=first_hour,
        hour_of_day=hour_of_day.astype(np.int8),
        day_type=kinds[day_number],
        weekday=weekday[day_number],
        month=months[day_number],
        day_number=day_number.astype(np.int32),
        sunrise_s=sunrise,
        sunset_s=sunset,
    )


def _wall_hours(day: date, length: int) -> NDArray[np.int64]:
    """Return what the wall clock shows in each elapsed hour of a day of 23, 24 or 25 hours."""
    if length == HOURS:
        return np.arange(HOURS)
    midnight = _midnight_utc(day)
    return np.array(
        [(midnight + timedelta(hours=h)).astimezone(AMSTERDAM).hour for h in range(length)]
    )


def _public_holidays(first: date, last: date) -> set[date]:
    from holidays import country_holidays

    return set(country_holidays("NL", years=range(first.year, last.year + 1)))


def _day_type(day: date, holidays: set[date]) -> DayType:
    if day.weekday() == _SUNDAY or day in holidays:
        return DayType.SUNDAY
    return DayType.SATURDAY if day.weekday() == _SATURDAY else DayType.WEEKDAY


def _sun(days: list[date], zero: datetime) -> tuple[Ints, Ints]:
    """Return sunrise and sunset at Enschede of each day in elapsed seconds."""
    from astral import Observer
    from astral.sun import sunrise, sunset

    observer = Observer(ENSCHEDE_LATITUDE, ENSCHEDE_LONGITUDE)
    up = [round((sunrise(observer, d, tzinfo=UTC) - zero).total_seconds()) for d in days]
    down = [round((sunset(observer, d, tzinfo=UTC) - zero).total_seconds()) for d in days]
    return np.array(up, dtype=np.int64), np.array(down, dtype=np.int64)

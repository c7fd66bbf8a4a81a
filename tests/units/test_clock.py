"""The calendar: daylight saving, holidays, the sun at Enschede, and dates as elapsed seconds."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.clock import (
    AMSTERDAM,
    DAY_S,
    HOUR_S,
    DayType,
    add_years,
    build_calendar,
    date_to_s,
    month_starts,
)

START = date(2014, 7, 1)


@pytest.fixture(scope="module")
def calendar():
    return build_calendar(START, 400, 2 * 366)


def at(year, month, day, hour=0, minute=0):
    """Return the elapsed second of a moment of universal time."""
    zero = datetime(2014, 6, 30, 22, tzinfo=UTC)
    return round((datetime(year, month, day, hour, minute, tzinfo=UTC) - zero).total_seconds())


def hours_of(calendar, day):
    first, last = date_to_s(START, day), date_to_s(START, day + timedelta(days=1))
    return calendar.hour_of_day[calendar.row(np.arange(first, last, HOUR_S))].tolist()


def test_second_zero_is_midnight_on_the_wall():
    assert date_to_s(START, START) == 0
    assert date_to_s(START, date(2014, 7, 2)) == DAY_S
    assert date_to_s(START, date(2015, 1, 1)) == 184 * DAY_S + HOUR_S


def test_the_longest_day_has_two_o_clock_twice(calendar):
    assert hours_of(calendar, date(2014, 10, 26)) == [0, 1, 2, 2, *range(3, 24)]


def test_the_shortest_day_has_no_two_o_clock(calendar):
    assert hours_of(calendar, date(2015, 3, 29)) == [0, 1, *range(3, 24)]


def test_every_other_day_has_24_hours(calendar):
    changes = {date(2013, 10, 27), date(2014, 3, 30), date(2014, 10, 26), date(2015, 3, 29)}
    changes |= {date(2015, 10, 25), date(2016, 3, 27)}
    for offset in range(-390, 720):
        day = START + timedelta(days=offset)
        assert day in changes or hours_of(calendar, day) == list(range(24)), day


@given(st.integers(-390 * DAY_S, 720 * DAY_S))
def test_the_tables_say_what_the_time_zone_says(at_s):
    calendar = _shared()
    wall = (datetime(2014, 6, 30, 22, tzinfo=UTC) + timedelta(seconds=at_s)).astimezone(AMSTERDAM)
    row = calendar.row(at_s)
    assert calendar.hour_of_day[row] == wall.hour
    assert calendar.weekday[row] == wall.weekday()
    assert calendar.month[row] == wall.month
    assert calendar.local(at_s) == wall
    assert (
        calendar.date_to_s(wall.date())
        <= at_s
        < calendar.date_to_s(wall.date() + timedelta(days=1))
    )


_CACHE = []


def _shared():
    if not _CACHE:
        _CACHE.append(build_calendar(START, 400, 2 * 366))
    return _CACHE[0]


@pytest.mark.parametrize(
    "day, kind",
    [
        (date(2014, 7, 1), DayType.WEEKDAY),
        (date(2014, 7, 5), DayType.SATURDAY),
        (date(2014, 7, 6), DayType.SUNDAY),
        (date(2014, 12, 25), DayType.SUNDAY),  # Thursday
        (date(2014, 12, 26), DayType.SUNDAY),  # Friday
        (date(2015, 1, 1), DayType.SUNDAY),  # Thursday
        (date(2015, 4, 6), DayType.SUNDAY),  # Easter Monday
        (date(2015, 4, 27), DayType.SUNDAY),  # King's Day, a Monday
        (date(2014, 4, 26), DayType.SUNDAY),  # King's Day, on a Saturday because of the Sunday
        (date(2015, 5, 14), DayType.SUNDAY),  # Ascension Day
        (date(2015, 5, 25), DayType.SUNDAY),  # Whit Monday
        (date(2015, 11, 11), DayType.WEEKDAY),
        (date(2015, 12, 24), DayType.WEEKDAY),
    ],
)
def test_public_holidays_count_as_sundays(calendar, day, kind):
    noon = date_to_s(START, day) + 12 * HOUR_S
    assert calendar.day_type[calendar.row(noon)] == kind


def sun_by_spencer(day):
    """Return sunrise and sunset at Enschede as seconds of universal time on a day.

    J. W. Spencer, "Fourier series representation of the position of the sun", Search 2 (1971): the
    sun's upper edge on the horizon stands 0.833 degrees below it.
    """
    g = 2 * np.pi * (day.timetuple().tm_yday - 1 + 0.5) / 365.25
    declination = (
        0.006918
        - 0.399912 * np.cos(g)
        + 0.070257 * np.sin(g)
        - 0.006758 * np.cos(2 * g)
        + 0.000907 * np.sin(2 * g)
        - 0.002697 * np.cos(3 * g)
        + 0.00148 * np.sin(3 * g)
    )
    equation_minutes = 229.18 * (
        0.000075
        + 0.001868 * np.cos(g)
        - 0.032077 * np.sin(g)
        - 0.014615 * np.cos(2 * g)
        - 0.040849 * np.sin(2 * g)
    )
    latitude = np.radians(52.22)
    edge = np.sin(np.radians(-0.833)) - np.sin(latitude) * np.sin(declination)
    half_day_s = np.arccos(edge / (np.cos(latitude) * np.cos(declination))) / (2 * np.pi) * DAY_S
    noon_s = DAY_S / 2 - 60 * (4 * 6.89 + equation_minutes)
    return noon_s - half_day_s, noon_s + half_day_s


def test_the_sun_of_enschede(calendar):
    for offset in range(-390, 720, 3):
        day = START + timedelta(days=offset)
        midnight = at(day.year, day.month, day.day)
        up, down = (midnight + s for s in sun_by_spencer(day))
        four_minutes = 4 * 60
        moments = [up - four_minutes, up + four_minutes, down - four_minutes, down + four_minutes]
        seen = calendar.is_day(np.array(moments, dtype=np.int64)).tolist()
        assert seen == [False, True, True, False], day


def test_days_are_long_in_summer_and_short_in_winter(calendar):
    def hours(day):
        first = date_to_s(START, day)
        return calendar.is_day(first + np.arange(0, DAY_S, 60)).sum() / 60

    assert 16.4 < hours(date(2015, 6, 21)) < 17.0
    assert 7.4 < hours(date(2014, 12, 21)) < 7.9
    assert 11.8 < hours(date(2015, 3, 20)) < 12.6


def test_times_outside_the_tables_are_refused(calendar):
    with pytest.raises(IndexError, match="outside the calendar"):
        calendar.row(calendar.last_s)
    with pytest.raises(IndexError, match="outside the calendar"):
        calendar.row(calendar.first_hour * HOUR_S - 1)
    calendar.row([calendar.first_hour * HOUR_S, calendar.last_s - 1])


def test_longer_tables_say_the_same(calendar):
    longer = build_calendar(START, 400, 4 * 366)
    n = len(calendar.hour_of_day)
    assert longer.first_hour == calendar.first_hour
    for name in ("hour_of_day", "day_type", "weekday", "month", "day_number"):
        assert (getattr(longer, name)[:n] == getattr(calendar, name)).all()
    days = len(calendar.sunrise_s)
    assert (longer.sunrise_s[:days] == calendar.sunrise_s).all()
    assert (longer.sunset_s[:days] == calendar.sunset_s).all()


def test_years_and_months_are_those_of_the_calendar():
    assert add_years(date(2016, 2, 29), 1) == date(2017, 2, 28)
    assert add_years(date(2016, 2, 29), 4) == date(2020, 2, 29)
    months = month_starts(START, 12)
    assert len(months) == 13
    assert months[:2] == [date(2014, 7, 1), date(2014, 8, 1)]
    assert months[6] == date(2015, 1, 1)
    assert months[-1] == date(2015, 7, 1)

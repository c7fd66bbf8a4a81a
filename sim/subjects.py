"""Where the missing person or the robber is: a straight path at a steady pace, then standing still
or out of sight.

Distances follow lost-person behaviour: quantiles by category, interpolated monotonely on a log
scale (R. J. Koester, Lost Person Behavior, 2008, urban tables; G. Gibb and P. Woolnough, Missing
Persons, Grampian Police, 2007), with a mass at the starting point (E. Cawi, SARBayes: about 10 %
are found within 50 m). The pace is such that a subject who is still active when it could have
arrived takes the active time for the way.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import PchipInterpolator

from sim.categories import CATEGORIES, QUANTILE_SHARES, Kind
from sim.draws import (
    Bools,
    Floats,
    Ints,
    Purpose,
    Stream,
    lognormal,
    normal_score,
    to_seconds,
    triangular,
)
from sim.incidents import Incidents
from sim.layout import Columns
from sim.parameters import Parameters

_NEAR_M = 50.0
_LONGEST_M = 150_000.0
_ACTIVE_SIGMA = 0.8
_WINDOW_SIGMA = {"foot": 0.7, "scooter": 0.6, "car": 0.6}
_SPEED_SPREAD = 0.4
"""Half-width of the triangular distribution of walking speeds, m/s."""
_LONGEST_WALK_S = 3 * 86_400


@dataclass(frozen=True, slots=True)
class Subjects(Columns):
    """Paths [n] of the subjects of some incidents.

    Attributes:
        x_dm, y_dm: start, the last-known point, RD in decimetres (integers, so that moving the
            whole world changes nothing).
        dx, dy: unit vector of the way.
        pace_m_per_s: displacement per second while moving.
        speed_m_per_s: own speed while moving (at least the pace).
        begin_s: last seen; the start of the movement, elapsed seconds.
        stop_s: end of the movement.
        vanish_s: from here on the public cannot see the subject at all.
        flees: robbers and thieves.
    """

    x_dm: Ints
    y_dm: Ints
    dx: Floats
    dy: Floats
    pace_m_per_s: Floats
    speed_m_per_s: Floats
    begin_s: Ints
    stop_s: Ints
    vanish_s: Ints
    flees: Bools

    def __len__(self) -> int:
        return len(self.x_dm)


def distance_m(category: int, uniform: Floats, start_mass: float, factor: float) -> Floats:
    """Return distances from the last-known point.

    Below `start_mass` the subject stays within 50 m; above it the distances of the category's
    table, interpolated monotonely in the logarithm over normal scores and continued with the last
    slopes.

    Args:
        category: number of a category with a distance table.
        uniform: array [n].
        start_mass: probability of staying near.
        factor: factor on every distance beyond 50 m.

    Returns:
        Metres [n].
    """
    shares = np.array(QUANTILE_SHARES)
    score = normal_score(shares)
    log_m = np.log(np.array(CATEGORIES[category].quantiles_km) * 1000.0)
    low = (log_m[1] - log_m[0]) / (score[1] - score[0])
    high = (log_m[-1] - log_m[-2]) / (score[-1] - score[-2])
    # Two points beyond the table carry the slopes on; the interpolation is monotone through all of
    # them.
    at = np.concatenate(([-6.0], score, [6.0]))
    value = np.concatenate(
        ([log_m[0] + low * (-6.0 - score[0])], log_m, [log_m[-1] + high * (6.0 - score[-1])])
    )
    curve = PchipInterpolator(at, value)
    far = np.exp(curve(np.clip(normal_score(uniform), -6.0, 6.0)))
    near = np.asarray(uniform) < start_mass
    return np.where(
        near,
        _NEAR_M * uniform / start_mass if start_mass > 0.0 else 0.0,
        np.clip(far * factor, 0.0, _LONGEST_M),
    )


def draw_subjects(incidents: Incidents, parameters: Parameters, stream: Stream) -> Subjects:
    """Draw the path of the subject of each incident."""
    p = parameters
    u = stream.uniforms(Purpose.SUBJECT, incidents.id)
    n = len(incidents)
    length, speed, active_s = np.zeros(n), np.ones(n), np.zeros(n)
    flees = incidents.kind != Kind.MISSING
    for number, category in enumerate(CATEGORIES):
        rows = np.flatnonzero(incidents.category == number)
        if rows.size == 0:
            continue
        mode = p[category.speed]
        speed[rows] = (
            triangular(u[2][rows], mode - _SPEED_SPREAD, mode, mode + _SPEED_SPREAD)
            if category.walks
            else lognormal(u[2][rows], mode, 0.25)
        )
        if category.kind == Kind.MISSING:
            length[rows] = distance_m(number, u[0][rows], p.start_mass_share, p.distance_factor)
            hours = (
                p.active_hours_dementia if category.traits == "dementia" else p.active_hours_other
            )
            active_s[rows] = lognormal(u[3][rows], hours * 3600.0, _ACTIVE_SIGMA)
        else:
            minutes = p[f"flight_window_{category.traits}_minutes"]
            active_s[rows] = lognormal(u[3][rows], minutes * 60.0, _WINDOW_SIGMA[category.traits])
            length[rows] = speed[rows] * active_s[rows]
    speed = np.maximum(speed, 0.1)
    moving_s = np.clip(to_seconds(np.maximum(length / speed, active_s)), 1, _LONGEST_WALK_S)
    angle = 2.0 * np.pi * u[1]
    stop_s = incidents.last_seen_s + moving_s
    return Subjects(
        x_dm=incidents.x_dm,
        y_dm=incidents.y_dm,
        dx=np.cos(angle),
        dy=np.sin(angle),
        pace_m_per_s=np.minimum(length / moving_s, speed),
        speed_m_per_s=speed,
        begin_s=incidents.last_seen_s,
        stop_s=stop_s,
        vanish_s=np.where(flees, stop_s, incidents.horizon_s),
        flees=flees,
    )


def inside_disc(
    subject: Subjects, x_dm: Ints, y_dm: Ints, radius_m: Floats
) -> tuple[Floats, Floats, Bools]:
    """Return when each subject, while moving, is inside a disc, and whether it stops inside.

    Args:
        subject: paths [n].
        x_dm: centres of the discs [n], RD in decimetres.
        y_dm: the same to the north.
        radius_m: radii of the discs [n].

    Returns:
        Times of entering and leaving in seconds since `begin_s` (leaving is not after the stop;
        equal when never inside), and whether the place of the stop is inside.
    """
    east, north = (x_dm - subject.x_dm) / 10.0, (y_dm - subject.y_dm) / 10.0
    along = east * subject.dx + north * subject.dy
    across2 = east**2 + north**2 - along**2
    half2 = radius_m**2 - across2
    half = np.sqrt(np.maximum(half2, 0.0))
    duration = (subject.stop_s - subject.begin_s).astype(np.float64)
    pace = np.maximum(subject.pace_m_per_s, 1e-9)
    enter = np.clip((along - half) / pace, 0.0, duration)
    leave = np.clip((along + half) / pace, 0.0, duration)
    way = subject.pace_m_per_s * duration
    stops_inside = (way - along) ** 2 <= half2
    never = half2 <= 0.0
    return (
        np.where(never, 0.0, enter),
        np.where(never, 0.0, leave),
        np.asarray(stops_inside & ~never),
    )

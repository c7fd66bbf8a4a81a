"""The sentences and titles of the report, each true of the numbers it is made from."""

from __future__ import annotations

import math

from experiments.report.facts import PAYER_MEASURES, Facts
from experiments.report.words import Words, digits_that_agree, whole_for


def answer(facts: Facts, words: Words) -> list[str]:
    """Return the answer in three sentences: today, the main difference, most direct solutions.

    With nothing to compare, only the first.
    """
    if len(facts.others) == 0:
        return [_today(facts, words)]
    return [_today(facts, words), _main(facts, words), _best(facts, words)]


def verdict(facts: Facts, words: Words, policy: str, measure: str = "direct_share") -> str:
    """Return in words whether another policy is clearly above or below the reference."""
    if not facts.has_actions(policy):
        return words("verdict.none")
    difference = facts.difference(policy, measure)
    if not math.isfinite(difference.low + difference.high):
        return words("verdict.unknown")
    keys = {1: "verdict.more", -1: "verdict.fewer", 0: "verdict.unclear"}
    return words(keys[difference.direction])


def _today(facts: Facts, words: Words) -> str:
    reference = facts.setting.reference
    policy = words.policy(reference)
    direct = facts.value(reference, "direct_share")
    if not facts.has_actions(reference) or not direct.known:
        return words("answer.today_none", policy=policy)
    extra = facts.fates[reference].extra_share
    return words(
        "answer.today",
        policy=policy,
        direct=words.out_of(direct.mean, whole_for(direct.mean)),
        of=words.count(whole_for(direct.mean)),
        extra=words.out_of(extra, whole_for(extra)),
        of_extra=words.count(whole_for(extra)),
    )


def _main(facts: Facts, words: Words) -> str:
    main, reference = facts.setting.main, facts.setting.reference
    policy = words.policy(main)
    here, there = facts.value(main, "direct_share"), facts.value(reference, "direct_share")
    difference = facts.difference(main, "direct_share")
    if not facts.has_actions(main) or not here.known:
        return words("answer.main_none", policy=policy)
    digits = digits_that_agree(here.mean, there.mean, difference.mean)
    direct = words.hundred(here.mean, digits)
    level = words.level(facts.setting.level)
    if not math.isfinite(difference.low + difference.high):
        return words("answer.main_unknown", policy=policy, direct=direct)

    def of_hundred(share: float) -> str:
        return words.hundred(share, max(digits, 1))

    if difference.direction == 0:
        return words(
            "answer.main_unclear",
            policy=policy,
            direct=direct,
            difference=words.signed(difference.mean, of_hundred),
            level=level,
            low=words.signed(difference.low, of_hundred),
            high=words.signed(difference.high, of_hundred),
        )
    # "3 fewer (2 to 4 fewer)": sizes, so that the smaller number stands first.
    low, high = sorted((abs(difference.low), abs(difference.high)))
    return words(
        "answer.main",
        policy=policy,
        direct=direct,
        size=words.hundred(abs(difference.mean), digits),
        word=words("word.more" if difference.direction > 0 else "word.fewer"),
        level=level,
        low=of_hundred(low),
        high=of_hundred(high),
    )


def best_by_number(facts: Facts) -> str | None:
    """Return the highest of the policies with clearly more direct solutions than the reference."""
    clear = [p for p in facts.others if facts.difference(p, "direct_per_year").direction > 0]
    ranked = [p for p in facts.ranked("direct_per_year") if p in clear]
    return ranked[0] if len(ranked) > 0 else None


def _best(facts: Facts, words: Words) -> str:
    reference, best = facts.setting.reference, best_by_number(facts)
    number = facts.value(reference, "direct_per_year").mean
    mentioned = {
        "reference": words.policy(reference),
        "number_reference": words.decimal(number, 1),
        "cost_reference": words.eur(facts.value(reference, "cost_eur_per_year").mean),
    }
    if best is None:
        return words("answer.best_none", **mentioned)
    highest = facts.ranked("direct_per_year")[0]
    return words(
        "answer.best" if best == highest else "answer.best_clear",
        policy=words.policy(best),
        number=words.decimal(facts.value(best, "direct_per_year").mean, 1),
        cost=words.eur(facts.value(best, "cost_eur_per_year").mean),
        **mentioned,
    )


def anyway(facts: Facts, words: Words) -> list[str]:
    """Return what would have happened under the reference without its alerts, out of 100."""
    reference = facts.setting.reference
    fates = facts.fates[reference]
    if fates.n_actions == 0:
        return [words("anyway.none", policy=words.policy(reference))]
    police, own_return = fates.without("police"), fates.without("own_return")
    # Rounded parts must add up to the rounded whole in one sentence.
    digits = digits_that_agree(police + own_return, police, own_return)
    direct, direct_extra, extra = fates.direct_share, fates.direct_extra_share, fates.extra_share
    # Also their difference: two shares that differ must not look equal.
    whole = whole_for(direct, direct_extra, extra, extra - direct_extra)
    said = [
        words(
            "anyway.intro",
            policy=words.policy(reference),
            anyway=words.hundred(police + own_return, digits),
            police=words.hundred(police, digits),
            own_return=words.hundred(own_return, digits),
        ),
        words(
            "anyway.extra",
            of=words.count(whole),
            direct=words.out_of(direct, whole),
            direct_extra=words.out_of(direct_extra, whole),
            extra=words.out_of(extra, whole),
        ),
    ]
    if math.isfinite(fates.direct_hours_earlier):
        said.append(words("anyway.earlier", hours=words.decimal(fates.direct_hours_earlier, 1)))
    return [*said, words("anyway.pooled", n=words.count(fates.n_actions))]


def base(facts: Facts, words: Words) -> list[str]:
    """Return a sentence on the register of the reference and one on that of the main one."""
    said = []
    for policy in dict.fromkeys((facts.setting.reference, facts.setting.main)):
        found = facts.bases.get(policy)
        if found is not None:
            said.append(
                words(
                    "base.text",
                    policy=words.policy(policy),
                    first=words.count(found.registered[0]),
                    first_good=words.count(found.good[0]),
                    last=words.count(found.registered[-1]),
                    last_good=words.count(found.good[-1]),
                    years=words.count(facts.setting.years),
                )
            )
    return said


def cost(facts: Facts, words: Words) -> str:
    """Return who pays what under the reference."""
    reference = facts.setting.reference
    total = facts.value(reference, "cost_eur_per_year").mean
    people = facts.inhabitants
    return words(
        "cost.text",
        policy=words.policy(reference),
        total=words.eur(total),
        per_inhabitant=words.eur(total / people if people > 0 else math.nan, 2),
        **{
            payer: words.eur(facts.value(reference, measure).mean)
            for payer, measure in PAYER_MEASURES.items()
        },
    )


def direct_title(facts: Facts, words: Words) -> str:
    """Return the range of direct shares over the policies with actions."""
    ranked = [p for p in facts.ranked("direct_share") if facts.has_actions(p)]
    if len(ranked) == 0:
        return words("title.direct_none")
    highest, lowest = (facts.value(p, "direct_share").mean for p in (ranked[0], ranked[-1]))
    low, high = words.hundred(lowest), words.hundred(highest)
    if low == high:
        return words("title.direct_one", low=low)
    return words("title.direct", low=low, high=high)


def differences_title(facts: Facts, words: Words) -> str:
    """Return how many policies are clearly above and below the reference."""
    signs = [facts.difference(p, "direct_share").direction for p in facts.others]
    more, fewer = signs.count(1), signs.count(-1)
    reference = words.policy(facts.setting.reference)
    if more == fewer == 0:
        return words("title.differences_none", reference=reference)
    key = "title.differences_one" if more == 1 else "title.differences"
    return words(key, reference=reference, more=words.count(more), fewer=words.count(fewer))


def base_title(facts: Facts, words: Words) -> str:
    """Return how the register ends under the reference and the main comparison."""
    main, reference = facts.setting.main, facts.setting.reference
    years = words.count(facts.setting.years)
    today = facts.bases[reference].registered
    if main == reference or main not in facts.bases:
        return words(
            "title.base",
            policy=words.policy(reference),
            first=words.count(today[0]),
            last=words.count(today[-1]),
            years=years,
        )
    return words(
        "title.base_two",
        years=years,
        main=words.policy(main),
        last_main=words.count(facts.bases[main].registered[-1]),
        policy=words.policy(reference),
        last=words.count(today[-1]),
    )


def cost_title(facts: Facts, words: Words) -> str:
    """Return the policy with most extra solutions a year and its cost."""
    top = _top(facts, "found_only_by_alert_per_year")
    if top is None:
        return words("title.cost_none")
    key, name = ("cost", "policy") if _stands_out(facts, top) else ("cost_unclear", "reference")
    policy = top[0] if key == "cost" else facts.setting.reference
    return words(
        f"title.{key}",
        number=words.decimal(facts.value(policy, top[1]).mean, 1),
        cost=words.eur(facts.value(policy, "cost_eur_per_year").mean),
        **{name: words.policy(policy)},
    )


def hours_title(facts: Facts, words: Words) -> str:
    """Return the policy that saves most hours a year."""
    top = _top(facts, "hours_saved_per_year")
    if top is None:
        return words("title.hours_none")
    key, name = ("hours", "policy") if _stands_out(facts, top) else ("hours_unclear", "reference")
    policy = top[0] if key == "hours" else facts.setting.reference
    number = words.count(facts.value(policy, top[1]).mean)
    return words(f"title.{key}", number=number, **{name: words.policy(policy)})


def _top(facts: Facts, measure: str) -> tuple[str, str] | None:
    """Return the policy with the highest mean, and the measure; none if no mean exceeds zero."""
    ranked = facts.ranked(measure)
    if len(ranked) == 0 or not facts.value(ranked[0], measure).mean > 0:
        return None
    return ranked[0], measure


def _stands_out(facts: Facts, top: tuple[str, str]) -> bool:
    """Whether the highest is clearly above the reference."""
    return facts.difference(*top).direction > 0


def places(facts: Facts, words: Words) -> str:
    """Return the places with most and fewest participants per inhabitant, if they differ."""
    ends = coverage_ends(facts)
    if ends is None or words.hundred(ends[0][1]) == words.hundred(ends[1][1]):
        return ""
    return words(
        "places.ends",
        low_place=ends[0][0],
        high_place=ends[1][0],
        policy=words.policy(facts.setting.reference),
        years=words.count(facts.setting.years),
    )


def coverage_ends(facts: Facts) -> tuple[tuple[str, float], tuple[str, float]] | None:
    """Return name and final coverage of the places with least and most, for the reference."""
    reference = facts.setting.reference
    found = [
        (place.name, facts.coverage[reference, place.gm_code][1])
        for place in facts.places
        if (reference, place.gm_code) in facts.coverage
    ]
    if len(found) == 0:
        return None
    return min(found, key=lambda pair: pair[1]), max(found, key=lambda pair: pair[1])


def coverage_title(facts: Facts, words: Words) -> str:
    """Return the places with the lowest and the highest coverage at the end."""
    ends = coverage_ends(facts)
    if ends is None:
        return ""
    (low_place, low), (high_place, high) = ends
    if words.hundred(low) == words.hundred(high):
        years = words.count(facts.setting.years)
        return words("title.coverage_same", years=years, low=words.hundred(low))
    return words(
        "title.coverage",
        years=words.count(facts.setting.years),
        low=words.hundred(low),
        low_place=low_place,
        high=words.hundred(high),
        high_place=high_place,
    )


def map_title(facts: Facts, words: Words) -> str:
    """Return the coverage of the region at the start and the end, for the reference."""
    reference, people = facts.setting.reference, facts.inhabitants
    registered = facts.bases[reference].registered
    first, last = (registered[i] / people if people > 0 else math.nan for i in (0, -1))
    return words(
        "title.map",
        policy=words.policy(reference),
        first=words.hundred(float(first)),
        last=words.hundred(float(last)),
    )

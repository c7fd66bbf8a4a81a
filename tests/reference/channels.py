"""Messages to people who can be named: who gets which, and the lines through which they go out."""

import math
from datetime import date
from fractions import Fraction

import simpy

from sim.clock import DAY_S, YEAR_S, date_to_s
from sim.scalar import NEVER_S
from tests.reference.actions import Message
from tests.reference.philox import lognormal, mixture, seconds
from tests.reference.register import GONE, GOOD

QUICK, SLOW, MORNING, TRANSPORT = 1.0, 1.2, 0.4, 0.8
APP_DELAY_S, EMAIL_DELAY_S = 5, 60


def app_share(at_s, start, p):
    """Return the share of the willing who use the app.

    A logistic curve through the figure of 1 November 2014, known every 30 days from a year before
    the start on and straight in between.
    """

    def logistic(knot_s):
        years = (knot_s - date_to_s(start, date(2014, 11, 1))) / YEAR_S
        odds = p.app_share_2014 / max(p.app_share_limit - p.app_share_2014, 1e-9)
        grown = odds * math.exp(p.app_growth_rate * years)
        return p.app_share_limit * grown / (1.0 + grown)

    step = 30 * DAY_S
    before = (at_s + YEAR_S) // step * step - YEAR_S
    low, high = logistic(before), logistic(before + step)
    return low + (high - low) * (at_s - before) / step


def uses_app(record, app, share):
    """Tell whether somebody has the app under the levers `app` at a share of adoption."""
    person = record.person
    if not app.enabled or record.state == GONE:
        return False
    moved = person.registered_at_start and person.move_level < app.register_moved_share
    return moved or person.app_level < share * app.adoption_factor


def messages_to(recipient, record, levers, receipt, response, p):
    """Return the messages to a registered person with home inside the circle."""
    texts, person = levers.channels, record.person
    good, messages = record.state == GOOD, []
    if person.prefers_voice and texts.voice.enabled:
        latency = _voice_latency(receipt[3], recipient.where, p)
        messages.append(Message(recipient, "voice", 0 if good else None, latency))
    if not person.prefers_voice and texts.sms.enabled:
        arriving = 1.0 - p.sms_lost_share
        delay = None
        if good and receipt[2] < arriving:
            delay = seconds(lognormal(receipt[2] / arriving, p.sms_delay_s, TRANSPORT))
        latency = (
            _text_latency(receipt[3], recipient.where, "sms", p) if delay is not None else None
        )
        messages.append(Message(recipient, "sms", delay, latency))
    if texts.email.enabled:
        latency = mixture(response[2], (p.email_read_share, p.email_read_minutes, SLOW))
        delay = EMAIL_DELAY_S if good else None
        messages.append(Message(recipient, "email", delay, _span(latency, p)))
    return messages


def push_to(recipient, response, p):
    """Return the push message to somebody inside the circle."""
    latency = _text_latency(response[1], recipient.where, "app", p)
    return Message(recipient, "app", APP_DELAY_S, latency)


def _text_latency(u, where, kind, p):
    if where.asleep:
        waking = min(p.morning_notice_share, 1.0 - p.asleep_notice_share)
        minutes = mixture(
            u,
            (p.asleep_notice_share, p.asleep_notice_minutes, QUICK),
            (waking, p.morning_notice_minutes, MORNING),
        )
    else:
        quick, slow = (
            (getattr(p, f"{kind}_{pace}_share"), getattr(p, f"{kind}_{pace}_minutes"), sigma)
            for pace, sigma in (("quick", QUICK), ("slow", SLOW))
        )
        minutes = mixture(u, quick, slow)
    return _span(minutes, p)


def _voice_latency(u, where, p):
    """Return when a call is heard: live, from voicemail or never."""
    live = p.voice_live_share
    if where.asleep or where.away:
        live *= p.voice_away_factor
    if u < live:
        return _span(p.voice_live_minutes, p)
    recorded = (u - live) / max(p.voicemail_share, 1e-12)
    if recorded >= 1.0:
        return None
    return _span(lognormal(min(max(recorded, 1e-9), 1.0 - 1e-9), p.voicemail_minutes, SLOW), p)


def _span(minutes, p):
    """Return minutes as whole seconds, nothing for never."""
    return None if math.isinf(minutes) else seconds(minutes * (60.0 * p.notice_time_factor))


def gateway(env, texts, per_second):
    """Process: send text messages one after the other at a throughput (none: all at once)."""
    free_s = Fraction(env.now)
    for message in texts:
        if math.floor(free_s) > env.now:
            yield env.timeout(math.floor(free_s) - env.now)
        send(env, message)
        if per_second is not None:
            free_s += 1 / Fraction(per_second)


def at_once(env, messages):
    """Send messages that need no line."""
    for message in messages:
        send(env, message)


def voice_lines(env, calls, lines, call_s):
    """Put calls in the queue for a number of lines (none: as many as there are calls)."""
    exchange = simpy.Resource(env, capacity=lines if lines is not None else max(len(calls), 1))
    for message in calls:
        env.process(_speak(env, message, exchange, call_s))


def _speak(env, message, exchange, call_s):
    """Process: wait for a line and hold it for one call."""
    with exchange.request() as line:
        yield line
        send(env, message)
        yield env.timeout(call_s)


def send(env, message):
    """Let a message go out; one that never arrives stays unheard of."""
    message.sent_s = env.now
    if message.delay_s is not None:
        env.process(_journey(env, message))


def _journey(env, message):
    """Process: carry a message to the recipient, who may notice it some time later."""
    recipient = message.recipient
    yield env.timeout(message.delay_s)
    if recipient.delivered_s == NEVER_S:
        recipient.delivered_s = env.now
    if message.latency_s is not None:
        yield env.timeout(message.latency_s)
        if not recipient.noticed.triggered:
            recipient.noticed_s = env.now
            recipient.noticed.succeed()

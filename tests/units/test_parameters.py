"""The registry of parameters: complete, documented, and strict about values."""

import copy
import math

import pytest

from sim.errors import InputError
from sim.parameters import GROUPS, REGISTRY, Parameters


def test_every_parameter_has_unit_source_and_a_default_that_its_prior_allows():
    assert len(REGISTRY) == sum(len(group) for group in GROUPS.values())
    for parameter in REGISTRY.values():
        assert parameter.unit, parameter.name
        assert parameter.source, parameter.name
        low, high = (parameter.prior.quantile(share) for share in (0.005, 0.995))
        assert low <= parameter.default <= high, parameter.name
        assert low < high, parameter.name


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"atend_share": 0.5}, r"atend_share: unknown parameter \(nearest: attend_share\)"),
        ({"attend_share": 1.5}, r"attend_share: 1\.5 is outside 0\.\.1"),
        ({"attend_share": math.nan}, "attend_share: nan is not a finite number"),
        ({"attend_share": True}, "attend_share: True is not a finite number"),
        ({"sms_delay_s": -1.0}, "sms_delay_s: -1.0 is outside"),
    ],
)
def test_wrong_values_are_named(changes, message):
    with pytest.raises(InputError, match=message):
        Parameters.defaults().with_values(changes)


def test_all_faults_come_at_once():
    with pytest.raises(InputError) as caught:
        Parameters.defaults().with_values({"attend_share": 2.0, "nonsense": 1.0})
    assert len(str(caught.value).splitlines()) == 2


def test_parameters_are_immutable_and_travel():
    parameters = Parameters.defaults().with_values({"attend_share": 0.5})
    with pytest.raises(AttributeError, match="immutable"):
        parameters.attend_share = 0.7
    assert copy.deepcopy(parameters) == parameters
    assert parameters["attend_share"] == parameters.attend_share == 0.5
    assert "attend_share" in repr(parameters)

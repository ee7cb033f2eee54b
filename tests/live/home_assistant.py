"""What Home Assistant takes as a discovery document of a device, from its documentation (integrations/mqtt, sensor.mqtt,
binary_sensor.mqtt, event.mqtt): the keys that each part may have and must have, and what may stand there. Stricter than Home
Assistant itself, which ignores much."""
import datetime
import json
import re

import jinja2.nativetypes
import yaml

TEXT, WHOLE, YES, LIST = str, int, bool, list

DEVICE = {"name": TEXT, "identifiers": LIST, "manufacturer": TEXT, "model": TEXT, "model_id": TEXT, "sw_version": TEXT,
          "hw_version": TEXT, "serial_number": TEXT, "configuration_url": TEXT, "connections": LIST, "suggested_area": TEXT,
          "via_device": TEXT}
ORIGIN = {"name": TEXT, "sw_version": TEXT, "support_url": TEXT}
AVAILABILITY = {"availability": LIST, "availability_mode": TEXT, "availability_template": TEXT, "availability_topic": TEXT,
                "payload_available": TEXT, "payload_not_available": TEXT}
SHARED = AVAILABILITY | {"state_topic": TEXT, "command_topic": TEXT, "qos": WHOLE, "encoding": TEXT}
ENTITY = SHARED | {"platform": TEXT, "unique_id": TEXT, "name": TEXT, "icon": TEXT, "entity_category": TEXT,
                   "enabled_by_default": YES, "default_entity_id": TEXT, "json_attributes_topic": TEXT,
                   "json_attributes_template": TEXT, "value_template": TEXT, "device_class": TEXT, "entity_picture": TEXT}
del ENTITY["command_topic"]
PLATFORMS = {
    "sensor": ENTITY | {"expire_after": WHOLE, "force_update": YES, "last_reset_value_template": TEXT, "options": LIST,
                        "state_class": TEXT, "suggested_display_precision": WHOLE, "unit_of_measurement": TEXT},
    "binary_sensor": ENTITY | {"expire_after": WHOLE, "force_update": YES, "off_delay": WHOLE, "payload_on": TEXT,
                               "payload_off": TEXT},
    "event": ENTITY | {"event_types": LIST},
}
CLASSES = {"sensor": set(), "binary_sensor": {"connectivity", "safety", "problem"}, "event": {"doorbell", "button", "motion"}}
STATE_CLASSES = {"measurement", "total", "total_increasing"}


def keys_of(what, found, allowed, required):
    for key, value in found.items():
        assert key in allowed, f"{what}: {key} is no key of it"
        assert type(value) is allowed[key], f"{what}.{key}: {value!r} should be a {allowed[key].__name__}"
    assert set(required) <= set(found), f"{what}: lacks {set(required) - set(found)}"


def check_topic(topic):
    assert re.fullmatch(r"[^+#\0]+", topic) and not topic.startswith("/"), topic


def check_component(name, component, shared):
    platform = component.get("platform")
    assert platform in PLATFORMS, f"{name}: {platform} is no platform that is used here"
    keys_of(name, component, PLATFORMS[platform], ["platform", "unique_id", "name"])
    assert "state_topic" in component or "state_topic" in shared, f"{name}: has no state_topic"
    assert not ("availability" in component and "availability_topic" in component), name
    for key, value in component.items():
        if key.endswith("_topic"):
            check_topic(value)
        if key.endswith("_template"):
            assert value.count("{{") == value.count("}}") >= 1, f"{name}.{key}: {value}"
    assert component.get("device_class") in CLASSES[platform] | {None}, name
    assert component.get("entity_category") in ("diagnostic", "config", None), name
    assert component.get("state_class") in STATE_CLASSES | {None}, name
    if platform == "event":
        assert component.get("event_types") and all(type(one) is str for one in component["event_types"]), name


def check(topic, payload, prefix="homeassistant"):
    """The document, when Home Assistant would take all of it."""
    found = re.fullmatch(rf"{prefix}/device/([a-zA-Z0-9_-]+)/config", topic)
    assert found, f"{topic} is no topic of device discovery"
    document = json.loads(payload)
    keys_of("document", document, SHARED | {"device": dict, "origin": dict, "components": dict}, ["device", "origin", "components"])
    keys_of("device", document["device"], DEVICE, ["identifiers", "name"])
    keys_of("origin", document["origin"], ORIGIN, ["name"])
    assert document.get("qos", 0) in (0, 1, 2)
    assert document["components"], "a device without components is none"
    for name, component in document["components"].items():
        check_component(name, component, document)
    return document


def value(template, payload):
    """What the few templates that are used make of a payload: {{ value_json.NAME }}, `or 'TEXT'`, `| tojson`."""
    found = re.fullmatch(r"\{\{ value_json\.(\w+)(?: or '([^']*)')?( \| tojson)? \}\}", template)
    assert found, f"the test does not know the template {template}"
    member, other, as_json = found.groups()
    result = json.loads(payload)[member] or (other if other is not None else json.loads(payload)[member])
    return json.dumps(result) if as_json else str(result)


# ---- blueprints ----

class Loader(yaml.SafeLoader):
    """YAML as Home Assistant reads it in a blueprint: !input NAME."""


class Input(str):
    pass


Loader.add_constructor("!input", lambda loader, node: Input(loader.construct_scalar(node)))


class Blueprint:
    """An automation made of a blueprint, with its inputs. Templates are rendered as Home Assistant does it: to native types,
    with its few functions that are used; it runs nothing by itself."""

    def __init__(self, path, **inputs):
        self.document = yaml.load(path.read_text(), Loader)
        known = self.document["blueprint"]["input"]
        assert set(inputs) <= set(known), inputs
        self.inputs = {name: inputs.get(name, one.get("default")) for name, one in known.items()}
        assert all(value is not None for value in self.inputs.values()), f"an input without a value: {self.inputs}"
        self.jinja = jinja2.nativetypes.NativeEnvironment(undefined=jinja2.ChainableUndefined)
        self.jinja.filters["tojson"] = json.dumps
        self.jinja.globals |= {"as_datetime": datetime.datetime.fromisoformat, "as_local": lambda when: when.astimezone(),
                               "now": lambda: datetime.datetime.now(datetime.timezone.utc),
                               "as_timestamp": lambda when: (datetime.datetime.fromisoformat(when) if isinstance(when, str)
                                                             else when).timestamp()}

    def render(self, what, variables):
        if isinstance(what, Input):
            return self.inputs[what]
        if isinstance(what, dict):
            return {name: self.render(one, variables) for name, one in what.items()}
        if isinstance(what, list):
            return [self.render(one, variables) for one in what]
        return self.jinja.from_string(what).render(variables) if isinstance(what, str) and "{" in what else what

    def renders(self, block, variables):
        """A block of variables, each with those before it."""
        for name, one in block.items():
            variables = variables | {name: self.render(one, variables)}
        return variables

/* The table of rows: what each publisher's messages look like. Their own sources and documentation are the
 * origin of every row; the order matters within a map, where the first row that understands a message has it.
 */
#include "bridge/edge/mapping/row.h"

const struct edge_map edge_maps[] = {
    {"frigate", "frigate", "Frigate 0.12 to 0.17: reviews (0.14), else events, camera motion last; sounds"},
    {"ring-mqtt", "ring",
        "ring-mqtt: motion, ding and alarm sensors; person by the attribute that comes after"},
    {"eufy", "homeassistant", "eufy-ha-mqtt-bridge"},
    {"home-assistant", "homeassistant",
        "Home Assistant: statestream, binary sensors by name, and what discovery configs teach"},
    {"zigbee2mqtt", "zigbee2mqtt", "Zigbee2MQTT: occupancy and presence"},
    {"tasmota", "", "Tasmota: PIR rules, switches, Zigbee bridge"},
    {"shelly", "shellies", "Shelly Motion (gen1), presence zones and BLU Motion (gen2)"},
    {"viseron", "viseron", "Viseron: recorder, else objects, motion last"},
    {"scrypted", "scrypted", "Scrypted MQTT plugin: motion, doorbell, object detector"},
    {"axis", "axis", "Axis cameras: object analytics and motion"},
    {"onvif", "", "ONVIF events as JSON (onvif-ej)"},
    {"unifi", "unifi/protect",
        "UniFi Protect by homebridge-unifi-protect, unifi-protect-mqtt, mqtt-unifi-protect-bridge"},
    {"dahua", "DahuaVTO", "DahuaVTO2MQTT and amcrest2mqtt"},
    {"reolink", "neolink", "neolink and cam2mqtt"},
    {"wyze", "wyzebridge", "docker-wyze-bridge"},
    {"blue-iris", "BlueIris", "Blue Iris with its usual MQTT alert action"},
    {"yi-hack", "yicam", "yi-hack with its usual words"},
    {"zwave", "zwave", "zwave-js-ui: Home Security notifications"},
    {"esphome", "", "ESPHome binary sensors by name"},
    {"motioneye", "cameras", "motionEye with mosquitto_pub as its command"},
    {"event", "", "MQTT event entities of Home Assistant: doorbell and motion"},
};
const size_t edge_map_count = sizeof(edge_maps) / sizeof(edge_maps[0]);

static const struct edge_word on_off[] = {{"ON", MEANS_START}, {"OFF", MEANS_END}, {NULL, 0}};
static const struct edge_word frigate_types[] = {
    {"new", MEANS_START}, {"update", MEANS_UPDATE}, {"end", MEANS_END}, {NULL, 0}};
static const struct edge_word dahua_actions[] = {
    {"Start", MEANS_START}, {"Stop", MEANS_END}, {"Pulse", MEANS_PULSE}, {NULL, 0}};
static const struct edge_word wyze_words[] = {{"1", MEANS_START}, {"True", MEANS_START}, {"2", MEANS_END},
    {"0", MEANS_END}, {"False", MEANS_END}, {NULL, 0}};
static const struct edge_word eufy_words[] = {{"motion", MEANS_START}, {NULL, 0}};
static const struct edge_word yi_motion_words[] = {
    {"motion_start", MEANS_START}, {"motion_stop", MEANS_END}, {NULL, 0}};
static const struct edge_word zwave_words[] = {
    {"8", MEANS_START}, {"7", MEANS_START}, {"0", MEANS_END}, {NULL, 0}};

/* A camera of DahuaVTO2MQTT tells every code on a topic of its own; only these are motion. */
#define DAHUA(code, ...)                                                                                     \
    {                                                                                                        \
        .map = "dahua", .topic = "{p}/" code "/Event", .shape = SHAPE_POINTER, .device = "/serialNumber",    \
        __VA_ARGS__, .phase_from = "/Action", .words = dahua_actions, .time = "/Data/UTC",                   \
    }
/* An ONVIF property: true while it lasts. */
#define ONVIF(path, state, what)                                                                             \
    {                                                                                                        \
        .map = "onvif", .topic = "{dev+}/onvif-ej/" path, .shape = SHAPE_POINTER, .kind = what,              \
        .phase_from = state, .time = "/UtcTime"                                                              \
    }
#define AXIS(path, state)                                                                                    \
    {                                                                                                        \
        .map = "axis", .topic = "{p}/{dev}/event/" path, .shape = SHAPE_POINTER,                             \
        .kind_from = "/message/data/classTypes /message/data/type", .phase_from = state,                     \
        .time = "/timestamp"                                                                                 \
    }
/* Tasmota's inputs; each switch is one, whatever topic tells of it. */
#define TASMOTA(pattern, ...)                                                                                \
    {                                                                                                        \
        .map = "tasmota", .topic = pattern, .shape = SHAPE_COLLECTION, .each = "/Switch*",                   \
        .kind = KIND_MOTION, __VA_ARGS__                                                                     \
    }
/* Zigbee devices behind a Tasmota gateway are keys of its messages. */
#define TASMOTA_ZIGBEE(pattern, elements)                                                                    \
    {                                                                                                        \
        .map = "tasmota", .topic = pattern, .shape = SHAPE_COLLECTION, .each = elements, .device = "key",    \
        .kind = KIND_MOTION, .phase_from = "/Occupancy"                                                      \
    }
/* Plain words: the payload is the state. */
#define STATE(name, pattern, what)                                                                           \
    {                                                                                                        \
        .map = name, .topic = pattern, .shape = SHAPE_TEXT, .kind = what                                     \
    }

/* Scrypted's properties; the path before the device is the owner's choice. */
#define SCRYPTED(property, what)                                                                             \
    {                                                                                                        \
        .map = "scrypted", .topic = "{p}/{dev}/" property, .shape = SHAPE_TEXT, .kind = what,                \
        .any_prefix = true                                                                                   \
    }

const struct edge_row edge_rows[] = {
    /* Frigate. Retained switches, snapshots, counts, names and plates have no row. */
    {.map = "frigate",
        .topic = "{p}/reviews",
        .shape = SHAPE_LIFE,
        .device = "/after/camera",
        .id = "/after/id",
        .kind_from = "/after/data/objects/* /after/data/audio/*=sound",
        .phase_from = "/type",
        .words = frigate_types,
        .guard = "/after/severity=alert",
        .time = "/after/start_time",
        .until = "/after/end_time",
        .rank = 3,
        .silence_s = 3600,
        .any_prefix = true},
    {.map = "frigate",
        .topic = "{p}/events",
        .shape = SHAPE_LIFE,
        .device = "/after/camera",
        .id = "/after/id",
        .kind_from = "/after/label",
        .phase_from = "/type",
        .words = frigate_types,
        .guard = "!/after/false_positive !/after/stationary",
        .time = "/after/start_time",
        .until = "/after/end_time",
        .confidence = "/after/top_score",
        .of = 1,
        .rank = 2,
        .silence_s = 3600,
        .any_prefix = true},
    {.map = "frigate",
        .topic = "{p}/{dev}/motion",
        .shape = SHAPE_TEXT,
        .kind = KIND_MOTION,
        .words = on_off,
        .rank = 1},
    {.map = "frigate",
        .topic = "{p}/{dev}/audio/{_!all,state,set,dBFS,rms}",
        .shape = SHAPE_TEXT,
        .kind = KIND_SOUND,
        .words = on_off},

    STATE("ring-mqtt", "{p}/{_}/camera/{dev}/motion/state", KIND_MOTION),
    STATE("ring-mqtt", "{p}/{_}/camera/{dev}/ding/state", KIND_DOORBELL),
    STATE("ring-mqtt", "{p}/{_}/intercom/{dev}/ding/state", KIND_DOORBELL),
    STATE("ring-mqtt", "{p}/{_}/alarm/{dev}/motion/state", KIND_MOTION),
    STATE("ring-mqtt", "{p}/{_}/lighting/{dev}/motion/state", KIND_MOTION),
    {.map = "ring-mqtt",
        .topic = "{p}/{_}/camera/{dev}/motion/attributes",
        .shape = SHAPE_POINTER,
        .kind = KIND_PERSON,
        .always = MEANS_REFINE,
        .guard = "/personDetected=true",
        .time = "/lastMotion"},

    {.map = "eufy",
        .topic = "{p}/binary_sensor/eufy/{dev}_{kind}/state",
        .shape = SHAPE_TEXT,
        .kind_from = "{kind}",
        .words = eufy_words,
        .endless = true},

    {.map = "home-assistant",
        .topic = "{p}/binary_sensor/{dev}/state",
        .shape = SHAPE_TEXT,
        .kind_from = "{tail}",
        .closed = true},
    {.map = "home-assistant",
        .topic = "{p}/binary_sensor/{dev}/{dev}/state",
        .shape = SHAPE_TEXT,
        .kind_from = "{tail}",
        .closed = true},

    {.map = "zigbee2mqtt",
        .topic = "{p}/{dev+}",
        .shape = SHAPE_POINTER,
        .kind = KIND_MOTION,
        .phase_from = "/occupancy /presence",
        .time = "/last_seen",
        .any_prefix = true},
    STATE("zigbee2mqtt", "{p}/{dev+}/occupancy", KIND_MOTION),
    STATE("zigbee2mqtt", "{p}/{dev+}/presence", KIND_MOTION),

    /* The order of prefix and topic is the owner's choice. */
    STATE("tasmota", "stat/{dev+}/PIR{_}", KIND_MOTION),
    STATE("tasmota", "{dev+}/stat/PIR{_}", KIND_MOTION),
    TASMOTA_ZIGBEE("tele/{_+}/SENSOR", "/ZbReceived/*"),
    TASMOTA_ZIGBEE("{_+}/tele/SENSOR", "/ZbReceived/*"),
    TASMOTA_ZIGBEE("tele/{_+}/ZbReceived", "/*"),
    TASMOTA("tele/{dev+}/SENSOR", .phase_from = "", .time = "^/Time"),
    TASMOTA("{dev+}/tele/SENSOR", .phase_from = "", .time = "^/Time"),
    TASMOTA("stat/{dev+}/RESULT", .phase_from = "/Action"),
    TASMOTA("{dev+}/stat/RESULT", .phase_from = "/Action"),
    TASMOTA("stat/{dev+}/SWITCH{_}", .phase_from = "/Action"),
    TASMOTA("{dev+}/stat/SWITCH{_}", .phase_from = "/Action"),

    {.map = "shelly",
        .topic = "{p}/{dev}/status",
        .shape = SHAPE_POINTER,
        .kind = KIND_MOTION,
        .phase_from = "/motion",
        .time = "/timestamp",
        .dated = true},
    {.map = "shelly",
        .topic = "{p}/{dev}/info",
        .shape = SHAPE_POINTER,
        .kind = KIND_MOTION,
        .phase_from = "/sensor/motion"},
    STATE("shelly", "{p}/{dev}/sensor/motion", KIND_MOTION),
    {.map = "shelly",
        .topic = "{dev+}/status/presencezone:{_}",
        .shape = SHAPE_POINTER,
        .kind = KIND_MOTION,
        .phase_from = "/value"},
    {.map = "shelly",
        .topic = "{dev+}/events/rpc",
        .shape = SHAPE_COLLECTION,
        .each = "/params/presencezone:*",
        .kind = KIND_MOTION,
        .phase_from = "/value",
        .time = "^/params/ts"},
    {.map = "shelly",
        .topic = "{dev+}/events/rpc",
        .shape = SHAPE_COLLECTION,
        .each = "/params/events/*",
        .device = "/data/address",
        .kind = KIND_MOTION,
        .phase_from = "/data/motion",
        .guard = "/event=shelly-blu",
        .time = "/ts"},

    {.map = "viseron",
        .topic = "{p}/binary_sensor/{dev}_recorder/state",
        .shape = SHAPE_LIFE,
        .id = "/attributes/id",
        .kind_from = "/attributes/objects/*/label",
        .phase_from = "/state",
        .time = "/attributes/start_timestamp",
        .until = "/attributes/end_timestamp",
        .confidence = "/attributes/objects/0/confidence",
        .of = 1,
        .rank = 3,
        .silence_s = 3600},
    {.map = "viseron",
        .topic = "{p}/binary_sensor/{dev}_zone_{_}_object_detected_{kind}/state",
        .shape = SHAPE_POINTER,
        .kind_from = "{kind}",
        .phase_from = "/state",
        .rank = 2},
    {.map = "viseron",
        .topic = "{p}/binary_sensor/{dev}_zone_{_}_object_detected/state",
        .shape = SHAPE_POINTER,
        .kind = KIND_MOTION,
        .phase_from = "/state",
        .rank = 2},
    {.map = "viseron",
        .topic = "{p}/binary_sensor/{dev}_object_detected_{kind}/state",
        .shape = SHAPE_POINTER,
        .kind_from = "{kind}",
        .phase_from = "/state",
        .rank = 2},
    {.map = "viseron",
        .topic = "{p}/binary_sensor/{dev}_object_detected/state",
        .shape = SHAPE_POINTER,
        .kind = KIND_MOTION,
        .phase_from = "/state",
        .rank = 2},
    {.map = "viseron",
        .topic = "{p}/binary_sensor/{dev}_motion_detected/state",
        .shape = SHAPE_POINTER,
        .kind = KIND_MOTION,
        .phase_from = "/state",
        .rank = 1},

    SCRYPTED("motionDetected", KIND_MOTION),
    SCRYPTED("binaryState", KIND_DOORBELL),
    SCRYPTED("audioDetected", KIND_SOUND),
    SCRYPTED("occupied", KIND_MOTION),
    {.map = "scrypted",
        .topic = "{p}/{dev}/ObjectDetector",
        .shape = SHAPE_COLLECTION,
        .each = "/detections/*",
        .kind_from = "/className",
        .always = MEANS_START,
        .time = "^/timestamp",
        .confidence = "/score",
        .of = 1,
        .silence_s = 10,
        .endless = true,
        .any_prefix = true},

    AXIS("tns:axis/CameraApplicationPlatform/ObjectAnalytics/{_+}", "/message/data/active"),
    AXIS("tns:axis/CameraApplicationPlatform/VMD/{_+}", "/message/data/active"),
    AXIS("tns:axis/CameraApplicationPlatform/MotionGuard/{_+}", "/message/data/active"),
    AXIS("tns:axis/CameraApplicationPlatform/FenceGuard/{_+}", "/message/data/active"),
    AXIS("tns:axis/CameraApplicationPlatform/LoiteringGuard/{_+}", "/message/data/active"),
    AXIS("tns:onvif/Device/tns:axis/Sensor/PIR/{_+}", "/message/data/state"),
    AXIS("tns:onvif/VideoSource/MotionAlarm/{_+}", "/message/data/State /message/data/state"),
    AXIS("tns:onvif/RuleEngine/CellMotionDetector/Motion/{_+}", "/message/data/IsMotion"),
    {.map = "axis",
        .topic = "{p}/{dev}/event/tns:onvif/AudioSource/tns:axis/TriggerLevel/{_+}",
        .shape = SHAPE_POINTER,
        .kind = KIND_SOUND,
        .phase_from = "/message/data/triggered",
        .time = "/timestamp"},

    ONVIF("VideoSource/MotionAlarm/{_+}", "/Data/State", KIND_MOTION),
    ONVIF("RuleEngine/CellMotionDetector/Motion/{_+}", "/Data/IsMotion", KIND_MOTION),
    ONVIF("RuleEngine/MotionRegionDetector/Motion/{_+}", "/Data/State", KIND_MOTION),
    ONVIF("RuleEngine/FieldDetector/ObjectsInside/{_+}", "/Data/IsInside", KIND_MOTION),
    ONVIF("RuleEngine/MyRuleDetector/PeopleDetect/{_+}", "/Data/State", KIND_PERSON),
    ONVIF("RuleEngine/MyRuleDetector/FaceDetect/{_+}", "/Data/State", KIND_PERSON),
    ONVIF("RuleEngine/MyRuleDetector/VehicleDetect/{_+}", "/Data/State", KIND_VEHICLE),
    ONVIF("RuleEngine/MyRuleDetector/DogCatDetect/{_+}", "/Data/State", KIND_ANIMAL),
    ONVIF("RuleEngine/MyRuleDetector/Visitor/{_+}", "/Data/State", KIND_DOORBELL),
    {.map = "onvif", /* momentary, as a line that is crossed */
        .topic = "{dev+}/onvif-ej/RuleEngine/LoiteringDetector/ObjectIsLoitering/{_+}",
        .shape = SHAPE_POINTER,
        .kind = KIND_MOTION,
        .always = MEANS_PULSE,
        .time = "/UtcTime"},
    ONVIF("UserAlarm/IVA/HumanShapeDetect/{_+}", "/Data/State", KIND_PERSON),
    ONVIF("UserAlarm/IVA/VehicleDetect/{_+}", "/Data/State", KIND_VEHICLE),
    ONVIF("RuleEngine/PeopleDetector/People/{_+}", "/Data/IsPeople", KIND_PERSON),
    ONVIF("RuleEngine/TPSmartEventDetector/TPSmartEvent/{_+}", "/Data/IsTPSmartEvent /Data/IsPeople",
        KIND_MOTION),
    ONVIF(
        "AudioAnalytics/Audio/DetectedSound/{_+}", "/Data/IsSoundDetected /Data/isSoundDetected", KIND_SOUND),
    {.map = "onvif",
        .topic = "{dev+}/onvif-ej/OpenApp/WiseAI/{_}/{_+}",
        .shape = SHAPE_POINTER,
        .kind_from = "/Data/ObjectType /Data/ClassTypes /Data/Class",
        .phase_from = "/Data/State",
        .time = "/UtcTime"},
    {.map = "onvif",
        .topic = "{dev+}/onvif-ej/RuleEngine/LineDetector/Crossed/{_+}",
        .shape = SHAPE_POINTER,
        .kind = KIND_MOTION,
        .always = MEANS_PULSE,
        .time = "/UtcTime"},

    STATE("unifi", "{p}/{dev}/motion", KIND_MOTION),
    {.map = "unifi", .topic = "{p}/{dev}/motion/smart/{kind}", .shape = SHAPE_TEXT, .kind_from = "{kind}"},
    STATE("unifi", "{p}/{dev}/doorbell", KIND_DOORBELL),
    {.map = "unifi",
        .topic = "{p}/events/{kind}/{dev}",
        .shape = SHAPE_LIFE,
        .id = "/event_id",
        .kind_from = "{kind}",
        .always = MEANS_WHOLE,
        .time = "/start",
        .until = "/end",
        .confidence = "/score",
        .of = 100},
    {.map = "unifi",
        .topic = "{p}/events/early/{kind}/{dev}",
        .shape = SHAPE_LIFE,
        .id = "/event_id",
        .kind_from = "{kind}",
        .always = MEANS_WHOLE,
        .time = "/start",
        .until = "/end",
        .confidence = "/score",
        .of = 100},
    STATE("unifi", "/motion/{dev}", KIND_MOTION),

    DAHUA("Invite", .kind = KIND_DOORBELL),
    DAHUA("VideoMotion", .kind = KIND_MOTION),
    DAHUA("CrossLineDetection", .kind_from = "/Data/Object/ObjectType /Data/ObjectType"),
    DAHUA("CrossRegionDetection", .kind_from = "/Data/Object/ObjectType /Data/ObjectType"),
    DAHUA("SmartMotionHuman", .kind = KIND_PERSON),
    DAHUA("SmartMotionVehicle", .kind = KIND_VEHICLE),
    DAHUA("FaceDetection", .kind = KIND_PERSON),
    DAHUA("WanderDetection", .kind = KIND_MOTION),
    DAHUA("AlarmPIR", .kind = KIND_MOTION),
    DAHUA("AudioMutation", .kind = KIND_SOUND),
    DAHUA("AudioAnomaly", .kind = KIND_SOUND),
    STATE("dahua", "amcrest2mqtt/{dev}/motion", KIND_MOTION),
    STATE("dahua", "amcrest2mqtt/{dev}/human", KIND_PERSON),
    STATE("dahua", "amcrest2mqtt/{dev}/doorbell", KIND_DOORBELL),
    {.map = "dahua", /* a fork tells the region with it */
        .topic = "amcrest2mqtt/{dev}/motion",
        .shape = SHAPE_POINTER,
        .kind = KIND_MOTION,
        .phase_from = "/state"},

    STATE("reolink", "{p}/{dev}/status/motion", KIND_MOTION),
    STATE("reolink", "cam2mqtt/camera/{dev}/event/onvif/motion", KIND_MOTION),
    STATE("reolink", "cam2mqtt/camera/{dev}/event/onvif/visitor", KIND_DOORBELL),
    {.map = "reolink",
        .topic = "cam2mqtt/camera/{dev}/event/onvif/object/{kind}/detected",
        .shape = SHAPE_TEXT,
        .kind_from = "{kind}"},

    {.map = "wyze",
        .topic = "{p}/{dev}/motion",
        .shape = SHAPE_TEXT,
        .kind = KIND_MOTION,
        .words = wyze_words},

    {.map = "blue-iris",
        .topic = "{p}/{dev}/Status",
        .shape = SHAPE_POINTER,
        .kind_from = "/memo /type",
        .phase_from = "/trigger",
        .confidence = "/memo",
        .of = 100,
        .endless = true,
        .any_prefix = true},
    {.map = "blue-iris",
        .topic = "{p}/{dev}/alert-image",
        .shape = SHAPE_POINTER,
        .kind_from = "/object /type",
        .phase_from = "/state",
        .confidence = "/object",
        .of = 100,
        .endless = true,
        .any_prefix = true},

    {.map = "yi-hack",
        .topic = "{dev+}/motion_detection",
        .shape = SHAPE_TEXT,
        .kind = KIND_MOTION,
        .words = yi_motion_words},
    {.map = "yi-hack",
        .topic = "{dev+}/motion_detection",
        .shape = SHAPE_TEXT,
        .kind_from = "payload",
        .closed = true,
        .always = MEANS_PULSE},
    {.map = "yi-hack",
        .topic = "{dev+}/sound_detection",
        .shape = SHAPE_TEXT,
        .kind_from = "payload",
        .closed = true,
        .always = MEANS_PULSE},

    {.map = "zwave",
        .topic = "{p}/{dev+}/notification/{_}/Home_Security/Motion_sensor_status",
        .shape = SHAPE_POINTER,
        .kind = KIND_MOTION,
        .phase_from = "/value ",
        .words = zwave_words,
        .time = "/time"},
    {.map = "zwave", /* topics by number of class instead of its name */
        .topic = "{p}/{dev+}/113/{_}/Home_Security/Motion_sensor_status",
        .shape = SHAPE_POINTER,
        .kind = KIND_MOTION,
        .phase_from = "/value ",
        .words = zwave_words,
        .time = "/time"},
    {.map = "zwave",
        .topic = "{p}/{dev+}/sensor_binary/{_}/Motion",
        .shape = SHAPE_POINTER,
        .kind = KIND_MOTION,
        .phase_from = "/value ",
        .time = "/time"},
    {.map = "zwave",
        .topic = "{p}/{dev+}/48/{_}/Motion",
        .shape = SHAPE_POINTER,
        .kind = KIND_MOTION,
        .phase_from = "/value ",
        .time = "/time"},

    {.map = "esphome",
        .topic = "{dev+}/binary_sensor/{dev}/state",
        .shape = SHAPE_TEXT,
        .kind_from = "{tail}",
        .closed = true},
    {.map = "esphome",
        .topic = "{dev+}/event/{dev}/state",
        .shape = SHAPE_POINTER,
        .kind_from = "/event_type",
        .closed = true,
        .always = MEANS_PULSE,
        .general = true},

    STATE("motioneye", "{p}/{dev}/motion", KIND_MOTION),

    {.map = "event",
        .topic = "{dev+}/state",
        .shape = SHAPE_POINTER,
        .kind_from = "/event_type",
        .closed = true,
        .always = MEANS_PULSE,
        .general = true},
};
const size_t edge_row_count = sizeof(edge_rows) / sizeof(edge_rows[0]);

const struct edge_map *edge_map_of(struct text name)
{
    for (size_t i = 0; i < edge_map_count; i++)
        if (text_equal(name, text_of(edge_maps[i].name)))
            return &edge_maps[i];
    return NULL;
}

"""What a day came to: as a table, as one JSON object, and what of it was wrong."""

LATENCIES = (("events: publish to PUBACK", "answered"), ("alerts: publish to PUBACK", "notices_answered"),
             ("alerts: publish to each follower", "shown"), ("activity: publish to each watcher", "activity"))


def faults(found):
    """Sentences; empty when all was as promised."""
    day, logs, options = found["day"], found["logs"], found["options"]
    counted = (
        (logs["lost"], "acknowledged events are not in their household's log"),
        (logs["doubled"], "events are twice in their household's log"),
        (logs["foreign"], "records are in the log of another household, or under another device"),
        (logs["unacknowledged"], "events are in a log that were refused or not answered"),
        (day["activity_holes"]["unanswered"] + day["notice_holes"]["unanswered"], "publishes were never answered"),
        (day["refused_unexpected"], "publishes were refused that were right"),
        (day["accepted_wrong"], "publishes were accepted that were wrong"),
        (day["activity_holes"]["missing"], "copies of published activity never came"),
        (day["activity_holes"]["doubled"], "copies of published activity came twice"),
        (day["activity_holes"]["strange"], "items of activity came to others than they should"),
        (day["activity_holes"]["foreign"], "copies of activity came to watchers whom they do not concern"),
        (day["notice_holes"]["missing"], "states of alerts never came to a follower whom they concern"),
        (day["notice_holes"]["doubled"], "states of alerts came twice to a follower"),
        (day["notice_holes"]["foreign"], "states of alerts came to followers whom they do not concern"),
        (day["unknown"], "deliveries were none of what was sent"),
        (day["lost_connections"], "connections were lost"),
    )
    said = [f"{count:,} {what}" for count, what in counted if count]
    late = day["lag_us"]["p99"] / 1000
    if late > options["behind"]:
        said.append(f"the load generator fell behind its schedule: {late:,.0f} ms at the 99th percentile")
    return said


def spent(found):
    """Seconds of processor time between the beginning of the day and its end, and bytes of network."""
    before, after = found["stages"]["followers"], found["stages"]["over"]
    cpu = {who: after[f"{who}_cpu"] - before[f"{who}_cpu"] for who in ("broker", "redis", "generator")}
    network = {way: after["redis"][way] - before["redis"][way] for way in ("in", "out")}
    return cpu, network


def numbers(found):
    """One flat object, for who compares runs."""
    day, stages, city, options = found["day"], found["stages"], found["city"], found["options"]
    cpu, network = spent(found)
    messages = day["answered"] + day["shown"] + day["activity_delivered"] + day["heartbeats"]
    seconds = options["seconds"]
    grown = {what: stages["over"]["redis"][what] - stages["followers"]["redis"][what] for what in ("data", "file")}
    row = {"began": found["began"], "devices": city["devices"], "households": city["homes"], "km2": round(city["km2"], 1),
           "followers": options["followers"], "agencies": options["agencies"], "seconds": seconds,
           "connections": stages["followers"]["connections"], "masters": options["cluster"], "processes": options["processes"],
           "events": day["events"], "stored": day["stored"], "alerts": day["notices"], "shown": day["shown"],
           "widest": day["widest"], "activity_delivered": day["activity_delivered"],
           "offered_per_s": day["publishes"] / seconds, "stored_per_s": day["stored"] / seconds,
           "load_before": stages["empty"]["load"], "load_after": stages["over"]["load"],
           "broker_us_publish": 1e6 * cpu["broker"] / max(1, day["answered"]),
           "redis_us_publish": 1e6 * cpu["redis"] / max(1, day["answered"]),
           "broker_us_message": 1e6 * cpu["broker"] / max(1, messages),
           "redis_us_message": 1e6 * cpu["redis"] / max(1, messages),
           "generator_us_message": 1e6 * cpu["generator"] / max(1, messages), "messages": messages,
           "redis_bytes_device": (stages["enrolled"]["redis"]["data"] - stages["empty"]["redis"]["data"]) / city["devices"],
           "redis_bytes_follower": (stages["followers"]["redis"]["data"] - stages["speakers"]["redis"]["data"])
           / max(1, options["followers"]),
           "broker_bytes_follower": (stages["followers"]["broker_resident"] - stages["speakers"]["broker_resident"])
           / max(1, options["followers"]),
           "broker_us_connect": 1e6 * (stages["followers"]["broker_cpu"] - stages["speakers"]["broker_cpu"])
           / max(1, options["followers"]),
           "redis_us_connect": 1e6 * (stages["followers"]["redis_cpu"] - stages["speakers"]["redis_cpu"])
           / max(1, options["followers"]), "heartbeats": day["heartbeats"], "stale": day["stale"],
           "passed_over": day["notice_holes"]["passed_over"],
           "redis_bytes_event": grown["data"] / max(1, day["stored"]), "file_bytes_event": grown["file"] / max(1, day["stored"]),
           "mqtt_in_bytes": day["sent_bytes"], "mqtt_out_bytes": day["received_bytes"],
           "redis_in_bytes": network["in"], "redis_out_bytes": network["out"],
           "broker_resident": stages["over"]["broker_resident"], "redis_resident": stages["over"]["redis_resident"],
           "generator_peak": stages["over"]["generator_peak"], "order": day["order"], "faults": found["faults"]}
    for name in ("answered", "notices_answered", "shown", "activity", "lag"):
        for key in ("p50", "p90", "p99", "p999", "max"):
            row[f"{name}_{key}_ms"] = day[f"{name}_us"][key] / 1000
    return row


def mib(value):
    return f"{value / 1048576:,.1f} MiB"


def ms(value):
    return f"{value / 1000:,.2f}"


def table(head, rows):
    widths = [max(len(str(row[i])) for row in [head, *rows]) for i in range(len(head))]
    return ["  " + "  ".join(str(cell).ljust(w) if i == 0 else str(cell).rjust(w)
                             for i, (cell, w) in enumerate(zip(row, widths, strict=True))) for row in [head, *rows]]


def what_it_was(found, row):
    city, options, stages = found["city"], found["options"], found["stages"]
    servers = f"{options['cluster']} masters and as many replicas" if options["cluster"] else "one Redis"
    return [
        f"A city of {city['devices']:,} devices in {city['homes']:,} households on {city['km2']:,.0f} km2 "
        f"({city['source']}), {options['followers']:,} followers, {options['agencies']} agencies; "
        f"its day in {options['seconds']:,.0f} s.",
        f"{options['processes']} neighborsd, {servers}, appendfsync {options['fsync']}; {found['cores']} cores shared by all, load "
        f"{row['load_before']:.1f} before and {row['load_after']:.1f} after; {found['began']}.",
        f"{stages['followers']['connections']:,} MQTT connections: {city['edges']:,} edges, {city['alone']:,} single devices, "
        f"{city['nodes']} nodes for the devices of all other households, {options['agencies']} agencies, "
        f"{options['followers']:,} followers ({city['watchers']:,} of them also follow what cameras see).", ""]


def rates(found):
    day, options = found["day"], found["options"]
    seconds = options["seconds"]
    peak = max(day["offered"]) / day["interval_s"]
    return table(("a second", "offered", "peak", "reached"), [
        ("publishes", f"{day['publishes'] / seconds:,.0f}", f"{peak:,.0f}", f"{day['answered'] / seconds:,.0f} answered"),
        ("events", f"{day['events'] / seconds:,.0f}", "", f"{day['stored'] / seconds:,.0f} stored"),
        ("alerts to followers", f"{day['shown_expected'] / seconds:,.0f}", "", f"{day['shown'] / seconds:,.0f} delivered"),
        ("activity to watchers", f"{day['activity_expected'] / seconds:,.0f}", "",
         f"{day['activity_delivered'] / seconds:,.0f} delivered")]) + [
        f"  The widest alert concerns {day['widest']:,} followers. The generator was late by {ms(day['lag_us']['p50'])} ms (half), "
        f"{ms(day['lag_us']['p99'])} ms (99 %), {ms(day['lag_us']['max'])} ms (most);",
        f"  {day['waited']:,} publishes waited for a place in their sender's window. Latencies count from the schedule.", ""]


def latencies(found):
    day = found["day"]
    rows = [(name, *(ms(day[f"{key}_us"][p]) for p in ("p50", "p90", "p99", "p999", "max")), f"{day[f'{key}_us']['count']:,}")
            for name, key in LATENCIES]
    return table(("ms", "p50", "p90", "p99", "p99.9", "max", "of"), rows) + [
        *(f"  Evacuation order, {('ordered', 'made smaller', 'ended')[min(2, order['revision'] - 1)]}: {order['copies']:,} of "
          f"{order['expected']:,} followers, the first after {order['first_ms']:,.1f} ms, the last after {order['last_ms']:,.1f} ms; "
          f"acknowledged after {order['answered_ms']:,.1f} ms." for order in day["order"]),
        f"  Activity waits by design: it leaves in shuffled batches, every {found['options']['release']:g} s.", ""]


def costs(found, row):
    day = found["day"]
    cpu, network = spent(found)
    seconds = found["options"]["seconds"]
    rows = []
    for name, who, memory in (("neighborsd", "broker", row["broker_resident"]), ("Redis", "redis", row["redis_resident"]),
                              ("load generator", "generator", row["generator_peak"])):
        rows.append((name, f"{cpu[who]:,.1f} s", f"{100 * cpu[who] / seconds:,.0f} %", f"{1e6 * cpu[who] / max(1, day['answered']):,.1f} us",
                     f"{1e6 * cpu[who] / max(1, row['messages']):,.1f} us", mib(memory)))
    return table(("processor time", "all", "of a core", "a publish", "a message", "memory"), rows) + [
        f"  A message is a publish that was answered, or an item or a heartbeat that was delivered: {row['messages']:,} in all.",
        f"  A follower who connects and subscribes: {row['broker_us_connect']:,.0f} us of neighborsd, "
        f"{row['redis_us_connect']:,.0f} us of Redis.",
        f"  Memory of Redis: {row['redis_bytes_device']:,.0f} bytes a device (its household included), "
        f"{row['redis_bytes_follower']:,.0f} a follower, {row['redis_bytes_event']:,.0f} a stored event (channels, alerts and "
        f"repeat state included);", f"  of neighborsd: {row['broker_bytes_follower']:,.0f} bytes a follower. "
        f"Append-only file: {row['file_bytes_event']:,.0f} bytes an event.",
        f"  Network: {mib(row['mqtt_in_bytes'])} in and {mib(row['mqtt_out_bytes'])} out over MQTT, {mib(network['in'])} to and "
        f"{mib(network['out'])} from Redis.", ""]


def checks(found):
    day, logs = found["day"], found["logs"]
    lines = [f"  {logs['acknowledged']:,} events were acknowledged; the logs of {logs['households']:,} households have "
             f"{logs['records']:,} records: {logs['lost']:,} lost, {logs['doubled']:,} doubled, {logs['foreign']:,} misplaced.",
             f"  {day['notices_stored']:,} alerts, corrections and ends: {day['shown']:,} of {day['shown_expected']:,} deliveries, "
             f"{day['notice_holes']['missing']:,} missing, {day['notice_holes']['passed_over']:,} passed over for a later state, "
             f"{day['notice_holes']['doubled']:,} doubled, "
             f"{day['notice_holes']['foreign']:,} to somebody whom they do not concern (every follower held against geo/).",
             f"  Activity: {day['activity_delivered']:,} of {day['activity_expected']:,} copies, "
             f"{day['activity_holes']['missing']:,} missing, {day['activity_holes']['doubled']:,} doubled, "
             f"{day['activity_holes']['foreign'] + day['activity_holes']['strange']:,} to others."]
    lines.append(f"  {day['heartbeats']:,} heartbeats, of them {day['stale']:,} stale: their feed was not proved whole within 5 s.")
    for reason in sorted(day["reasons"], key=lambda reason: -reason["count"]):
        due = "as due" if reason["expected"] else "NOT DUE"
        lines.append(f"  {reason['count']:,} refused, {due}: {reason['text']}")
    return lines


def text(found, picture):
    row = numbers(found)
    verdict = [f"  WRONG: {fault}" for fault in found["faults"]] or ["  all as promised"]
    return "\n".join([*what_it_was(found, row), *rates(found), *latencies(found), *costs(found, row), *checks(found), *verdict,
                      f"  picture: {picture}"])

"""What was promised, held against what was found. Pure: lists in, sentences about what is wrong out (none: all is well).

Events (compare_events): everything acknowledged stands in the log; what bears a number, once. Alerts (compare_alerts), for each follower and alert: shown once a connection, never an old state after a
newer one, at last the latest state or that it ended; and whoever stayed connected saw every state."""
from collections import Counter


def compare_events(sender, logged, once):
    """sender: .name, .confirmed, .sent. logged: activity ids as often as the household's log has them. once: whether a
    second copy is a fault."""
    wrong = []
    count = Counter(logged)
    missing = sorted(sender.confirmed - set(count))
    if missing:
        wrong.append(f"{sender.name}: {len(missing)} acknowledged events are missing, such as {missing[:3]}")
    strange = sorted(set(count) - sender.sent)
    if strange:
        wrong.append(f"{sender.name}: {len(strange)} events were never sent, such as {strange[:3]}")
    doubled = sorted(activity for activity, times in count.items() if times > 1)
    if once and doubled:
        wrong.append(f"{sender.name}: {len(doubled)} events are stored twice, such as {doubled[:3]}")
    return wrong


def public_ids(story, everything):
    """The public ids under which an alert was shown to anybody (one; more only when an update came before its alert)."""
    headlines = {step.headline for step in story.steps}
    return {seen.public_id for seen in everything if seen.headline in headlines}


def order_faults(where, shown):
    """Once a connection; never back."""
    wrong, newest, known, this_connection = [], (0, False), set(), set()
    connection = None
    for seen in shown:
        if seen.connection != connection:
            connection, this_connection = seen.connection, set()
        state = (seen.revision, seen.ended)
        if state in this_connection:
            wrong.append(f"{where}: {state} came twice on one connection")
        elif state < newest and state not in known:
            wrong.append(f"{where}: {state} came after {newest}")
        elif this_connection and state < max(this_connection):
            wrong.append(f"{where}: {state} came after {max(this_connection)} on one connection")
        this_connection.add(state)
        known.add(state)
        newest = max(newest, state)
    return wrong


def final_fault(where, story, shown, now):
    """The last thing shown is the latest state, or that it ended. None when so; else a sentence."""
    confirmed = [step for step in story.steps if step.confirmed]
    if not confirmed:
        return None
    last = confirmed[-1]
    if last is not story.steps[-1]:
        return None  # a later step was sent and not acknowledged: both are right
    in_force = last.kind != "CANCEL" and last.here and last.expires > now
    newest = max(shown, key=lambda seen: (seen.revision, seen.ended), default=None)
    if in_force:
        if newest is None or newest.ended or newest.headline != last.headline:
            return f"{where}: {last.headline} is in force, shown at last: {newest}"
    elif newest is not None and not newest.ended:
        return f"{where}: {story.name} is over ({last.kind} {last.headline}), shown at last: {newest}"
    return None


def connected_faults(where, follower, story, shown, grace):
    """Each state that concerned a follower who was connected when it was sent, and stayed, was shown to it."""
    wrong = []
    headlines = {seen.headline for seen in shown if not seen.ended}
    for step in story.steps:
        if not (step.confirmed and step.here and step.kind != "CANCEL") or step.headline in headlines:
            continue
        if step.lives < grace:
            continue  # it may have been over before the store was back
        for connection in follower.connections:
            if connection.since < step.first_sent and connection.until == float("inf"):
                wrong.append(f"{where}: was connected for {step.first_sent - connection.since:.2f} s, and never saw {step.headline}")
    return wrong


def compare_alerts(follower, stories, everything, now, grace):
    """everything: what any follower was shown. now: wall clock. grace: seconds that an outage may have lasted; a state that
    lives for less may have been over before it could be shown."""
    wrong = list(follower.faults)
    for story in stories:
        identifiers = public_ids(story, everything)
        shown = [seen for seen in follower.seen if seen.public_id in identifiers]
        where = f"{follower.name} ({follower.life}), alert {story.name}"
        if len(identifiers) > 1:
            wrong.append(f"{where}: shown under {len(identifiers)} public ids")
            continue
        wrong += order_faults(where, shown)
        fault = final_fault(where, story, shown, now)
        if fault:
            wrong.append(fault)
        if follower.life == "connected":
            wrong += connected_faults(where, follower, story, shown, grace)
    return wrong

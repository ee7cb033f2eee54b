/* The agency's room: its jurisdiction, its alerts, requests and cases. */
import { identity, roleOf } from "../session/identity";
import { SignIn } from "../session/sign_in";

export function Desk() {
  const who = identity.value;
  return (
    <div class="panel">
      {who && roleOf(who) === "agency" ? <h1>{who.name}</h1> : <SignIn role="agency" why="For officers of partner agencies." />}
    </div>
  );
}

/* The resident's room: the followed places on the map, and what concerns them. */
import { identity, roleOf } from "../session/identity";
import { SignIn } from "../session/sign_in";
import { MapPane } from "../map/map_pane";

export function Resident() {
  const who = identity.value;
  return (
    <div class="split">
      <div class="panel">
        {who && roleOf(who) === "user" ? <h1>{who.name}</h1> : <SignIn role="user" why="To follow your neighborhood." />}
      </div>
      <div class="map">
        <MapPane label="Map of the neighborhood" center={[34.0768, -118.0316]} zoom={14} onReady={() => {}} />
      </div>
    </div>
  );
}

/* What the household decides, how alerts come to this browser, and what is held about whoever is signed in. */
import { words } from "../words";
import { Appearance } from "./appearance";
import { HouseholdSettings } from "./household_settings";
import { MyData } from "./my_data";
import { NoticesCard } from "./notices_card";
import { SessionSettings } from "./session_settings";

export function SettingsPage() {
  return (
    <>
      <h1>{words.settings.title}</h1>
      <h2 class="part">{words.settings.household}</h2>
      <HouseholdSettings />
      <h2 class="part">{words.settings.session}</h2>
      <SessionSettings />
      <NoticesCard />
      <Appearance />
      <h2 class="part">{words.settings.data}</h2>
      <MyData />
    </>
  );
}

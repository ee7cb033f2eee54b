/* Asks who somebody is: by name and token, as `neighbors enroll` handed them out. */
import { useState } from "preact/hooks";
import { signIn } from "./identity";

export function SignIn({ role, why }: { role: "user" | "agency"; why: string }) {
  const [name, setName] = useState(`${role}/`);
  const [token, setToken] = useState("");
  const fits = new RegExp(`^${role}/[A-Za-z0-9._-]{1,64}$`).test(name.trim());
  const submit = (event: Event) => {
    event.preventDefault();
    if (fits && token.trim()) {
      signIn(name, token);
    }
  };
  return (
    <form class="card" onSubmit={submit}>
      <h1>Sign in</h1>
      <p class="quiet">{why}</p>
      <label class="field">
        <span>Name</span>
        <input value={name} autocomplete="username" onInput={(event) => setName(event.currentTarget.value)} />
        {name.length > role.length + 1 && !fits && <span class="wrong">as {role}/name, of letters, digits, dot, line</span>}
      </label>
      <label class="field">
        <span>Token</span>
        <input type="password" value={token} autocomplete="current-password" onInput={(event) => setToken(event.currentTarget.value)} />
        <span class="hint">Whoever runs your neighborhood's broker gave it to you. It stays in this browser.</span>
      </label>
      <button class="button main" disabled={!fits || !token.trim()}>Sign in</button>
    </form>
  );
}

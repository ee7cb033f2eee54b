/* Takes the private key: from a file, or pasted. */
import { useState } from "preact/hooks";
import { TextField } from "../form";
import { privateKey, takeKey } from "./key";

export function KeyCard() {
  const [wrong, setWrong] = useState("");
  const [pasted, setPasted] = useState("");
  const key = privateKey.value;
  if (key) {
    return (
      <section class="card" aria-label="Private key">
        <p role="status"><strong>Key: {key.name}</strong>, in this tab's memory alone.</p>
        <button type="button" class="button" onClick={() => (privateKey.value = undefined)}>Forget the key</button>
      </section>
    );
  }
  const choose = async (file: File | undefined) => {
    if (file) {
      setWrong(takeKey(await file.text(), file.name));
    }
  };
  return (
    <section class="card" aria-label="Private key">
      <p>What residents share is sealed to your agency's certificate. Its private key opens it here; it is never sent and never stored.</p>
      <label class="field">
        <span>Private key file (PEM)</span>
        <input type="file" accept=".pem,.key,application/x-pem-file" onChange={(event) => void choose(event.currentTarget.files?.[0])} />
      </label>
      <details>
        <summary>Or paste it</summary>
        <TextField label="Private key in PEM" rows={4} value={pasted} onValue={setPasted} />
        <button type="button" class="button" onClick={() => (setWrong(takeKey(pasted, "pasted")), setPasted(""))}>Use it</button>
      </details>
      <p role="alert" class="wrong">{wrong}</p>
    </section>
  );
}

/* Questions to the broker over HTTP, by somebody who may be one of many behind an address. */

/** Too many questions of one address at once, or a store that is away. */
const BUSY: readonly number[] = [429, 503], TRIES = 4, LONGEST_WAIT_S = 10;

/** As fetch. While the broker is busy it is asked again when it says, a little later than whoever else was told the same; so many
 * times, then what it answered last is given back. */
export async function asked(address: string, how: RequestInit = {}): Promise<Response> {
  let answer = await fetch(address, how);
  for (let tries = 1; BUSY.includes(answer.status) && tries < TRIES; tries++) {
    const seconds = Math.min(Number(answer.headers.get("retry-after")) || tries, LONGEST_WAIT_S);
    await new Promise((resolve) => setTimeout(resolve, seconds * (1 + Math.random()) * 1000));
    answer = await fetch(address, how); // rejects at once when `how.signal` said meanwhile that nobody waits any more
  }
  return answer;
}

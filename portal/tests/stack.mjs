/* A real installation (Redis, neighborsd with the built portal) for the tests of one file; see stack.py. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { slowWay, THROTTLED } from "./slow.mjs";

export class Stack {
  #process;
  #lines;
  #way;

  /** Starts it; settings are those of neighborsd, over the ones that stack.py gives. */
  static async start(settings = {}) {
    const stack = new Stack();
    const program = fileURLToPath(new URL("stack.py", import.meta.url));
    stack.#process = spawn("/usr/bin/python3", [program, JSON.stringify(settings)], { stdio: ["pipe", "pipe", "inherit"] });
    stack.#lines = createInterface({ input: stack.#process.stdout })[Symbol.asyncIterator]();
    Object.assign(stack, await stack.#next());
    if (THROTTLED) {
      stack.#way = await slowWay(stack.http);
      stack.http = stack.#way.port;
    }
    stack.url = `http://127.0.0.1:${stack.http}/`;
    return stack;
  }

  async #next() {
    const { value, done } = await this.#lines.next();
    if (done) {
      throw new Error("the installation ended");
    }
    return JSON.parse(value);
  }

  /** One of COMMANDS in stack.py; they are answered in order. */
  async command(...words) {
    this.#process.stdin.write(JSON.stringify(words) + "\n");
    const answer = await this.#next();
    if (!answer.ok) {
      throw new Error(answer.error);
    }
    return answer.result;
  }

  /** Enrols somebody and gives back the token. */
  enroll(name, ...options) {
    return this.command("enroll", name, ...options);
  }

  /** Runs the command line; the objects that it printed. */
  neighbors(...words) {
    return this.command("neighbors", ...words);
  }

  /** The portal's address with somebody signed in. */
  link(name, token) {
    return `${this.url}#/sign-in?${new URLSearchParams({ name, token })}`;
  }

  /** Fails when it did not end well: what its logs may not say was in one. */
  async stop() {
    this.#way?.close();
    this.#process.stdin.end();
    if (this.#process.exitCode === null) {
      await new Promise((resolve) => this.#process.once("exit", resolve));
    }
    if (this.#process.exitCode !== 0) {
      throw new Error(`the installation ended with ${this.#process.exitCode}: its standard error says why`);
    }
  }
}

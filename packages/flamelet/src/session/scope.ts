import { ProtocolError } from "../errors.ts";

const ENDED = {
  get reason(): unknown {
    return new ProtocolError("the call has ended, and with it all that it was given and gave");
  },
};

/**
 * Everything that was handed across for the sake of one call: what this side exported, and what it imported. When the
 * work of the call ends, all of it ends. A placed child is one long call, so what its methods were given lives as long
 * as the child does.
 */
export class Scope {
  /** Ends each thing of the scope; called once, with the reason. Most scopes have none. */
  #members: Set<(reason: unknown) => void> | null = null;
  #holds = 0;
  #over: { readonly reason: unknown } | null = null;
  #completed = false;
  /** Called when nothing that this side handed out keeps the work open any more. */
  onReleased: (() => void) | null = null;

  get over(): boolean {
    return this.#over !== null;
  }

  /** Why it is over. */
  get reason(): unknown {
    return this.#over?.reason;
  }

  /** Whether it is over because its call has ended, and for no other reason. */
  get completed(): boolean {
    return this.#completed;
  }

  /** Whether something that this side handed out is still in use over there, so that the work has not ended. */
  get held(): boolean {
    return this.#holds > 0;
  }

  /** Adds a member; returns what removes it. A scope that is over ends the newcomer at once, before this returns. */
  add(end: (reason: unknown) => void): () => void {
    if (this.#over !== null) {
      end(this.#over.reason);
      return () => {};
    }
    const members = (this.#members ??= new Set());
    members.add(end);
    return () => void members.delete(end);
  }

  /** Keeps the work open until the returned function is called (any number of times). */
  hold(): () => void {
    this.#holds += 1;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#holds -= 1;
      if (this.#holds === 0) this.onReleased?.();
    };
  }

  /** Ends everything that belongs to the call. Without a reason: since the call has ended. */
  end(reason?: unknown): void {
    if (this.#over !== null) return;
    // Most calls hand nothing across, and an error is dear to make: it is made when somebody has to be told.
    this.#completed = reason === undefined;
    this.#over = this.#completed ? ENDED : { reason };
    if (this.#members === null || this.#members.size === 0) return;
    const { reason: told } = this.#over;
    this.#over = { reason: told };
    for (const end of this.#members) end(told);
    this.#members.clear();
  }
}

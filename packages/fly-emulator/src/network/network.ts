/** Where a machine is. */
export interface MachineAddress {
  /** Its address in the private network, as `FLY_PRIVATE_IP` says it. */
  readonly privateIp: string;
  /** Where Fly Proxy and health checks reach it. */
  readonly serviceIp: string;
  /** What a command has to be preceded by to run where the machine is. */
  readonly enter: readonly string[];
}

/** The private network: gives every machine an address of its own. */
export interface PrivateNetwork {
  /** The emulator's own address as machines see it; the Machines API listens there on port 4280, as `_api.internal` does. */
  readonly host: string;
  /**
   * Whether each machine has all ports and a name server to itself. Where it has not, the preload makes it look so to what
   * runs in the machine.
   */
  readonly isolated: boolean;
  /** A free address, at once; what runs there has to wait for `ready`. */
  take(): MachineAddress;
  /** Resolves when the address can be used, and rejects when it cannot be made. */
  ready(address: MachineAddress): Promise<void>;
  release(address: MachineAddress): void;
  /**
   * Lets nothing get through between these pairs of machines, and undoes that for all others. Resolves when it is so. Where
   * machines are not isolated it does nothing: nobody stands between them.
   */
  separate(pairs: readonly (readonly [MachineAddress, MachineAddress])[]): Promise<void>;
  close(): Promise<void>;
}

/** The port of Fly's Machines API inside the private network. */
export const API_PORT = 4280;

/** A volume: a folder. */
export interface Volume {
  readonly id: string;
  readonly name: string;
  readonly region: string;
  readonly folder: string;
  readonly createdAt: number;
  readonly encrypted: boolean;
  readonly fstype: string;
  readonly zone: string;
  sizeGb: number;
  snapshotRetention: number;
  autoBackup: boolean;
  state: "created" | "pending_destroy" | "destroyed";
  /** The machine that it is bound to. */
  machine: string | null;
  readonly snapshots: Snapshot[];
}

export interface Snapshot {
  readonly id: string;
  readonly digest: string;
  readonly createdAt: number;
  readonly size: number;
}

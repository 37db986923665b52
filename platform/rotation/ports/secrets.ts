import type { Fields } from '../core/rotation.ts';

/** Versions of secrets, found by the labels that stand on them. */
export interface Secrets {
  /** The version that each label stands on. */
  labels(secretId: string): Promise<Readonly<Record<string, string>>>;
  /** Undefined for a version that was announced, and has no value yet. */
  read(secretId: string, version: string): Promise<Fields | undefined>;
  /** Gives a version its value, as the pending one. The same again is the same. */
  write(secretId: string, version: string, fields: Fields): Promise<void>;
  /** Puts the label on that version, and takes it from where it stood. */
  move(secretId: string, label: string, version: string): Promise<void>;
  /** Takes the label away from wherever it stands. */
  drop(secretId: string, label: string): Promise<void>;
}

export interface Passwords {
  /** 64 hex digits: right for a token of ElastiCache (16 to 128 characters), a URL and a shell. */
  make(): string;
}

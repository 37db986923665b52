import { randomBytes } from 'node:crypto';
import type { Passwords } from '../ports/secrets.ts';

export const randomPasswords: Passwords = { make: () => randomBytes(32).toString('hex') };

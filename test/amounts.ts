/**
 * How much of what could go on for ever is tried: a part of it on each push (`npm test`), all of it every night
 * (`npm run test:all`). Everything else runs on each push.
 */
const isAll = process.env['TEST_ALL'] === '1';

export const amount = ({ onPush, inAll }: { readonly onPush: number; readonly inAll: number }): number =>
  isAll ? inAll : onPush;

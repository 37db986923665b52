/** Where credentials are valid. Both are asked before they are told, so that a second try changes nothing. */

export interface DatabaseUsers {
  accepts(user: string, password: string): Promise<boolean>;
  /** Makes the user, if need be, and gives it the password; open connections stay. It acts as `owner`. */
  admit(user: string, password: string, owner: string): Promise<void>;
}

export interface CacheTokens {
  accepts(token: string): Promise<boolean>;
  /** ROTATE: the token is valid beside the one before it; open connections stay. */
  admit(token: string): Promise<void>;
  /** SET: only the token is valid; open connections stay. */
  keepOnly(token: string): Promise<void>;
}

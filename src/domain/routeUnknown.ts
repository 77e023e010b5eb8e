/**
 * The central database answers, but not for this account and flow: a row it trips over. To be asked again
 * later; nobody else has to wait for it.
 */
export class RouteUnknown extends Error {
  override readonly name = 'RouteUnknown';
  constructor() {
    super('the route cannot be looked up for this account and flow');
  }
}

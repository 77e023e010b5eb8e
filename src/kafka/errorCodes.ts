/** Of librdkafka 2.15. Negative: the client's own; positive: the broker's, as in Kafka's protocol. */
export const codes = {
  transport: -195,
  resolve: -193,
  unknownPartition: -190,
  unknownTopic: -188,
  allBrokersDown: -187,
  invalidArgument: -186,
  timedOut: -185,
  ssl: -181,
  assignPartitions: -175,
  revokePartitions: -174,
  state: -172,
  notImplemented: -170,
  authentication: -169,
  unsupportedFeature: -165,
  fatal: -150,
  maxPollExceeded: -147,
  notConfigured: -145,
  assignmentLost: -142,
  autoOffsetReset: -140,
  unknown: -1,
  noError: 0,
  offsetOutOfRange: 1,
  unknownTopicOrPartition: 3,
  coordinatorLoading: 14,
  coordinatorNotAvailable: 15,
  notCoordinator: 16,
  invalidTopic: 17,
  illegalGeneration: 22,
  inconsistentGroupProtocol: 23,
  invalidGroupId: 24,
  unknownMemberId: 25,
  invalidSessionTimeout: 26,
  rebalanceInProgress: 27,
  topicAuthorizationFailed: 29,
  groupAuthorizationFailed: 30,
  clusterAuthorizationFailed: 31,
  unsupportedSaslMechanism: 33,
  illegalSaslState: 34,
  unsupportedVersion: 35,
  saslAuthenticationFailed: 58,
  groupIdNotFound: 69,
  groupMaxSizeReached: 81,
} as const;

/** The client's `event.error` has no code, only this text, in lower case and without `Local: ` or `Broker: `. */
const codeByText: ReadonlyMap<string, number> = new Map([
  ['broker transport failure', codes.transport],
  ['host resolution failure', codes.resolve],
  ['unknown partition', codes.unknownPartition],
  ['unknown topic', codes.unknownTopic],
  ['all broker connections are down', codes.allBrokersDown],
  ['invalid argument or configuration', codes.invalidArgument],
  ['timed out', codes.timedOut],
  ['ssl error', codes.ssl],
  ['authentication failure', codes.authentication],
  ['required feature not supported by broker', codes.unsupportedFeature],
  ['fatal error', codes.fatal],
  ['maximum application poll interval (max.poll.interval.ms) exceeded', codes.maxPollExceeded],
  ['group partition assignment lost', codes.assignmentLost],
  ['no offset to automatically reset to', codes.autoOffsetReset],
  ['unknown topic or partition', codes.unknownTopicOrPartition],
  ['invalid topic', codes.invalidTopic],
  ['inconsistent group protocol', codes.inconsistentGroupProtocol],
  ['invalid group.id', codes.invalidGroupId],
  ['invalid session timeout', codes.invalidSessionTimeout],
  ['topic authorization failed', codes.topicAuthorizationFailed],
  ['group authorization failed', codes.groupAuthorizationFailed],
  ['cluster authorization failed', codes.clusterAuthorizationFailed],
  ['unsupported sasl mechanism', codes.unsupportedSaslMechanism],
  ['request not valid in current sasl state', codes.illegalSaslState],
  ['api version not supported', codes.unsupportedVersion],
  ['sasl authentication failed', codes.saslAuthenticationFailed],
  ['consumer group has reached maximum size', codes.groupMaxSizeReached],
]);

/** The code of what the client threw, called back with or emitted; null where it has none. */
export function codeOf(error: unknown): number | null {
  if (typeof error !== 'object' || error === null) return null;
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  if (typeof code === 'number' && code !== codes.unknown) return code;
  if (typeof message !== 'string') return null;
  const text = message.toLowerCase().replace(/^(?:local|broker): /, '');
  return codeByText.get(text) ?? null;
}

/** A text file a setting points at, read at start. `path` is absolute. */
export interface TextFile {
  readonly path: string;
  readonly text: string;
}

export const allSchemes = ['https', 'http'] as const;
/** How UUIDs were stored before there was one order for all, as MongoDB's drivers name the ways. */
export const uuidRepresentations = ['javaLegacy', 'csharpLegacy', 'pythonLegacy'] as const;
export const logLevels = ['error', 'warn', 'info', 'debug'] as const;
export const logFormats = ['json', 'text'] as const;

/** The settings in force, by section. Deeply frozen; units are in the names. */
export interface Config {
  readonly mongodb: Readonly<{
    /** Secret. */
    uri: string;
    database: string;
    collection: string;
    stateDatabase: string;
    /** Of Binary subtype 3 only. */
    uuidRepresentation: (typeof uuidRepresentations)[number];
  }>;
  readonly mysql: Readonly<{
    /** Secret. Names a database. */
    uri: string;
    /** Secret, like `uri`; null for none. */
    adminUri: string | null;
    poolSize: number;
    /** From when a query is sent. */
    timeoutMs: number;
    routeQuery: TextFile;
    /** PEM certificates the server's certificate must lead to; null leaves TLS to the URI. */
    ca: TextFile | null;
  }>;
  readonly routeCache: Readonly<{
    /** 0: every lookup asks MySQL. */
    ttlMs: number;
    /** How old a known answer may be while MySQL does not answer. */
    staleMs: number;
    maxEntries: number;
  }>;
  readonly notify: Readonly<{
    /** Empty: every status counts. */
    deliveryStatuses: readonly string[];
    maxStatusAgeMs: number;
    rememberMs: number;
    recordSkips: boolean;
    /** Where the first start ever begins; null for the present. */
    startAt: Date | null;
    sweepMarginMs: number;
  }>;
  readonly call: Readonly<{
    /** An IANA name or an offset such as `+05:30`. */
    payloadTimeZone: string;
    /** From DNS to the last byte of the body. */
    requestTimeoutMs: number;
    connectTimeoutMs: number;
    responseLimitBytes: number;
    connectionMaxAgeMs: number;
    /** The wait before each retry made in the same process; empty for none. */
    quickRetriesMs: readonly number[];
    /** The wait before each retry after those, kept in MongoDB. */
    retryScheduleMs: readonly number[];
    retryAfterMaxMs: number;
    giveUpAfterMs: number;
  }>;
  readonly limits: Readonly<{
    maxInFlight: number;
    maxInFlightPerEndpoint: number;
    /** The share of attempts that are no delivery, from which on an endpoint is not called for a while. */
    breakerThreshold: number;
    breakerCooldownMs: number;
  }>;
  readonly egress: Readonly<{
    /** Addresses and ranges that may be called although they are not public. */
    allowedRanges: readonly string[];
    schemes: readonly (typeof allSchemes)[number][];
    /** Secret. A URL; null for none. */
    proxy: string | null;
  }>;
  readonly lease: Readonly<{
    /** Names this worker in its lease and claims; null: host and process id. */
    workerId: string | null;
    ttlMs: number;
  }>;
  readonly http: Readonly<{
    host: string;
    /** Null: no HTTP server. 0: any free port. */
    port: number | null;
  }>;
  readonly log: Readonly<{
    level: (typeof logLevels)[number];
    format: (typeof logFormats)[number];
  }>;
  readonly shutdown: Readonly<{
    graceMs: number;
  }>;
}

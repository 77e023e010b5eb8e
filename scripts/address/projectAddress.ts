/**
 * Where the project is kept and where its image is pulled from. This is the only place to change: `npm run generate`
 * writes both, and the version, wherever else they are needed.
 */
export const projectAddress = {
  /** A page of GitHub, or of a server of your own that has the same paths; without a slash at the end. */
  repository: 'https://github.example.com/messaging/notify-on-delivery',
  image: 'registry.example.com/notify-on-delivery',
} as const;

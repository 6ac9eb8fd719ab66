/** A registry does not do what it was asked for; the message says what it was, and why. */
export class RegistryFault extends Error {}

// Why a certificate does not verify: what certificates/errors.py says, word for word. A reason is a stable word; its
// sentence comes with the list (bundle.texts).

export class VerificationError extends Error {
  constructor(reason, state, question, said) {
    super(reason);
    this.reason = reason;
    this.state = state;
    this.question = question;
    this.said = said;
  }
}

export const notRead = (reason) => new VerificationError(reason, "could-not-check", "genuine", "unknown");
export const couldNotCheck = notRead;
export const altered = (reason) => new VerificationError(reason, "altered", "genuine", "no");
export const unknownIssuer = (reason) => new VerificationError(reason, "unknown", "issuer", "no");
export const listOld = () => new VerificationError("trust-list-old", "could-not-check", "issuer", "unknown");
export const notYetValid = () => new VerificationError("not-yet", "not-yet-valid", "time", "no");
export const expired = () => new VerificationError("expired", "expired", "time", "no");
export const revoked = () => new VerificationError("revoked", "revoked", "standing", "no");
export const suspended = () => new VerificationError("suspended", "suspended", "standing", "no");
export const standingNotKnown = (reason) => new VerificationError(reason, "could-not-check", "standing", "unknown");
export const timeNotKnown = (reason) => new VerificationError(reason, "could-not-check", "time", "unknown");

// OpenFeature's view of a flag in the form of the story: `[enabled, variant, payload]`.

/** Asks for a flag as each type until one fits. `details(type, flag, otherwise)` may be a promise. */
export async function evaluation(details, flag) {
  for (const [type, otherwise] of Object.entries({ Boolean: false, String: "", Number: 0, Object: {} })) {
    const { value, variant, errorCode } = await details(type, flag, otherwise);
    if (errorCode === "TYPE_MISMATCH") continue;
    if (errorCode) throw new Error(`${flag}: ${errorCode}`);
    if (type === "Boolean") return [value, "disabled", null];
    return [true, variant, typeof value === "object" ? JSON.stringify(value) : String(value)];
  }
  throw new Error(`${flag} has no type`);
}

/** A context as OpenFeature has it: flat. */
export const flat = ({ userId, properties, ...rest }) => ({ targetingKey: userId, ...rest, ...properties });

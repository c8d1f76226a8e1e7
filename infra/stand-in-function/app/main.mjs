// Stands where a built function is missing, so that a template can be made without one.

export function handler() {
  throw new Error('This function has no code: run npm run build:function, then npx cdk deploy again.');
}

/**
 * A package of this repository, as it is built: FISCO_PACKAGES is the URL of the folder `packages`.
 */
export async function ours (name) {
  return import(new URL(`${name}/dist/src/index.js`, process.env.FISCO_PACKAGES))
}

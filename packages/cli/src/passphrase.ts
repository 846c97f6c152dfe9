/**
 * The environment variable from which commands take the passphrase of an encrypted private key. Arguments can be seen by every user of a machine.
 */
const VARIABLE = 'FISCO_P2P_PASSPHRASE'

/**
 * Does what needs a private key that may be encrypted.
 *
 * @param work - gets the passphrase, undefined if none was given
 * @throws what `work` throws; an error about the passphrase says where this command takes it from
 */
export async function withPassphrase<T> (work: (passphrase?: string) => Promise<T>): Promise<T> {
  try {
    return await work(process.env[VARIABLE])
  } catch (err) {
    // the variable is the commands' own: what reads the key knows nothing of it
    if (err.rule === 'passphrase') {
      err.message += `; this command takes it from the environment variable ${VARIABLE}`
    }

    throw err
  }
}

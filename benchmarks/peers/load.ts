/** Loads one of the libraries beside this file: from anywhere else their names mean nothing. */
export async function loadPeer<Module>(specifier: string): Promise<Module> {
  return (await import(specifier)) as Module
}

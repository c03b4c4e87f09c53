/** Extensions of PostgreSQL whose functions in C touch no table of the application. */
export const HARMLESS_EXTENSIONS: ReadonlySet<string> = new Set(
  `bloom btree_gin btree_gist citext cube dict_int dict_xsyn earthdistance fuzzystrmatch hstore intarray isn ltree pg_trgm
  pgcrypto postgis postgis_raster postgis_topology seg unaccent uuid-ossp vector pg_uuidv7`
    .trim()
    .split(/\s+/),
)

/** What turning a value into a PostgreSQL type may depend on. */
export type TypeKind =
  | 'pure'
  /** A date or time without a zone: pure from a constant, depending on the session's zone from a moment with one. */
  | 'moment'
  /** Depends on the session's time zone or another setting. */
  | 'settings'
  /** Looks a name up in the catalogue. */
  | 'catalogue'
  | 'unknown'

const KINDS = new Map<string, TypeKind>()
function add(kind: TypeKind, names: string): void {
  for (const name of names.split(/\s+/)) KINDS.set(name, kind)
}
add(
  'pure',
  `int2 int4 int8 int integer bigint smallint numeric decimal dec real float float4 float8 double bool boolean text varchar
  character char bpchar nchar name uuid json jsonb jsonpath bytea bit varbit inet cidr macaddr macaddr8 xml interval oid
  point line lseg box path polygon circle tsvector tsquery pg_lsn void record unknown
  int4range int8range numrange int4multirange int8multirange nummultirange`,
)
add('moment', 'date time timestamp daterange tsrange datemultirange tsmultirange')
add('settings', 'timestamptz timetz money tstzrange tstzmultirange')
add(
  'catalogue',
  'regclass regproc regprocedure regoper regoperator regtype regrole regnamespace regconfig regdictionary regcollation aclitem',
)

/** A built-in type by its folded name without a schema. */
export function typeKind(name: string): TypeKind {
  return KINDS.get(name) ?? 'unknown'
}

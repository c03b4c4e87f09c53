import {
  count,
  hasWord,
  look,
  table,
  type Arguments,
  type FunctionKind,
  type FunctionTable,
} from './table.js'

/**
 * Followed by white space these are the names of stored functions, unless the mode IGNORE_SPACE is on: somebody's function may be
 * called. MySQL 8.4 section 11.2.5.
 */
const GLUED = new Set(
  `adddate bit_and bit_or bit_xor cast count curdate curtime date_add date_sub extract group_concat max mid min now position
  session_user std stddev stddev_pop stddev_samp subdate substr substring sum sysdate system_user trim variance var_pop
  var_samp`
    .trim()
    .split(/\s+/),
)

const withoutArguments =
  (kind: FunctionKind, otherwise: FunctionKind) =>
  (call: Arguments): FunctionKind =>
    count(call) === 0 ? kind : otherwise

/** WEEK without a mode depends on `default_week_format`. */
const week = (call: Arguments): FunctionKind => (count(call) < 2 ? 'settings' : 'pure')

const MYSQL: FunctionTable = table(
  {
    pure: `abs acos asin atan atan2 ceil ceiling conv cos cot crc32 crc32c degrees exp floor greatest least ln log log10 log2 mod pi
      pow power radians round sign sin sqrt tan truncate bit_count
      ascii bin bit_length char char_length character_length chr concat concat_ws elt export_set field find_in_set format from_base64
      hex insert instr lcase left length lower lpad ltrim make_set mid natural_sort_key oct octet_length ord position quote
      regexp_instr regexp_like regexp_replace regexp_substr repeat replace reverse right rpad rtrim sformat soundex space strcmp
      substr substring substring_index to_base64 trim ucase unhex upper weight_string
      md5 sha sha1 sha2 aes_encrypt aes_decrypt compress uncompress uncompressed_length
      if ifnull nullif coalesce isnull nvl nvl2 decode_oracle interval values value row cast convert binary match
      inet_aton inet_ntoa inet6_aton inet6_ntoa is_ipv4 is_ipv4_compat is_ipv4_mapped is_ipv6 is_uuid bin_to_uuid uuid_to_bin
      any_value avg bit_and bit_or bit_xor count group_concat max min std stddev stddev_pop stddev_samp sum var_pop var_samp
      variance json_arrayagg json_objectagg grouping median percentile_cont percentile_disc
      row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value nth_value
      json json_array json_array_append json_array_insert json_compact json_contains json_contains_path json_depth json_detailed
      json_exists json_equals json_extract json_insert json_keys json_length json_loose json_merge json_merge_patch
      json_merge_preserve json_normalize json_object json_object_filter_keys json_object_to_array json_overlaps json_pretty
      json_query json_quote json_remove json_replace json_schema_valid json_search json_set json_storage_size json_table
      json_type json_unquote json_valid json_value member
      adddate addtime date date_add date_sub datediff day dayofmonth dayofweek dayofyear extract from_days get_format hour last_day
      makedate maketime microsecond minute month period_add period_diff quarter sec_to_time second str_to_date subdate subtime
      time time_to_sec timediff timestamp timestampadd timestampdiff to_days to_seconds weekday weekofyear year yearweek
      datetime decimal dec numeric signed unsigned float double real nchar varchar varbinary
      st_area st_asbinary st_asgeojson st_astext st_aswkb st_aswkt st_buffer st_centroid st_contains st_crosses st_difference
      st_dimension st_disjoint st_distance st_distance_sphere st_endpoint st_envelope st_equals st_exteriorring st_geohash
      st_geometryn st_geometrytype st_geomfromgeojson st_geomfromtext st_geomfromwkb st_interiorringn st_intersection
      st_intersects st_isclosed st_isempty st_issimple st_isvalid st_latfromgeohash st_length st_longfromgeohash
      st_numgeometries st_numinteriorrings st_numpoints st_overlaps st_pointfromtext st_pointn st_polyfromtext st_simplify
      st_srid st_startpoint st_symdifference st_touches st_union st_within st_x st_y mbrcontains mbrcoveredby mbrcovers
      mbrdisjoint mbrequals mbrintersects mbroverlaps mbrtouches mbrwithin point linestring polygon multipoint
      multilinestring multipolygon geometrycollection`,
    settings: `convert_tz date_format dayname monthname from_unixtime time_format to_char`,
    // MariaDB gives the moment for a column whose default it is.
    time: `default now curdate curtime current_date current_time current_timestamp localtime localtimestamp sysdate utc_date utc_time
      utc_timestamp`,
    volatile: `rand uuid uuid_short sys_guid sleep benchmark random_bytes sequence nextval lastval encrypt nextval lastval
      master_pos_wait source_pos_wait wait_for_executed_gtid_set gtid_subset gtid_subtract`,
    session: `connection_id current_user current_role database schema found_rows row_count last_insert_id user session_user
      system_user version charset coercibility collation load_file rownum ps_current_thread_id ps_thread_id`,
    writes: `setval`,
    lock: `get_lock release_lock release_all_locks is_free_lock is_used_lock`,
  },
  {
    unix_timestamp: withoutArguments('time', 'settings'),
    week,
  },
)

export function mysqlFunction(name: string, call: Arguments): FunctionKind {
  if (!call.glued && GLUED.has(name)) return 'unknown'
  // LAST_INSERT_ID(x) sets what the next one answers.
  if (name === 'last_insert_id' && count(call) > 0) return 'sets'
  // GROUP_CONCAT is cut at group_concat_max_len, the same for every session that did not change it.
  if (name === 'group_concat' && hasWord(call, ['INTO'])) return 'unknown'
  return look(MYSQL, name, call)
}

/** The names known, for the test that holds them against a real server. */
export const MYSQL_FUNCTIONS: FunctionTable = MYSQL

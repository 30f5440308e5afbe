// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gst/genos/genos.h>

namespace {

const GEnumValue payloads[] = {{GST_GENOS_PAYLOAD_TEXT, "GST_GENOS_PAYLOAD_TEXT", "text"},
                               {GST_GENOS_PAYLOAD_JSON, "GST_GENOS_PAYLOAD_JSON", "json"},
                               {GST_GENOS_PAYLOAD_BYTES, "GST_GENOS_PAYLOAD_BYTES", "bytes"},
                               {0, nullptr, nullptr}};

const GEnumValue leave_reasons[] = {
    {GST_GENOS_LEAVE_REASON_SAID_GOODBYE, "GST_GENOS_LEAVE_REASON_SAID_GOODBYE", "said-goodbye"},
    {GST_GENOS_LEAVE_REASON_LOST, "GST_GENOS_LEAVE_REASON_LOST", "lost"},
    {GST_GENOS_LEAVE_REASON_REFUSED, "GST_GENOS_LEAVE_REASON_REFUSED", "refused"},
    {GST_GENOS_LEAVE_REASON_UNWANTED, "GST_GENOS_LEAVE_REASON_UNWANTED", "unwanted"},
    {GST_GENOS_LEAVE_REASON_LOCAL, "GST_GENOS_LEAVE_REASON_LOCAL", "local"},
    {0, nullptr, nullptr}};

const GEnumValue overflows[] = {
    {GST_GENOS_OVERFLOW_WAIT, "GST_GENOS_OVERFLOW_WAIT", "wait"},
    {GST_GENOS_OVERFLOW_DROP_OLDEST, "GST_GENOS_OVERFLOW_DROP_OLDEST", "drop-oldest"},
    {GST_GENOS_OVERFLOW_DROP_PEER, "GST_GENOS_OVERFLOW_DROP_PEER", "drop-peer"},
    {0, nullptr, nullptr}};

const GFlagsValue activities[] = {
    {GST_GENOS_ACTIVITY_NONE, "GST_GENOS_ACTIVITY_NONE", "none"},
    {GST_GENOS_ACTIVITY_SEND, "GST_GENOS_ACTIVITY_SEND", "send"},
    {GST_GENOS_ACTIVITY_RECEIVE, "GST_GENOS_ACTIVITY_RECEIVE", "receive"},
    {0, nullptr, nullptr}};

const GEnumValue ice_policies[] = {
    {GST_GENOS_ICE_POLICY_ALL, "GST_GENOS_ICE_POLICY_ALL", "all"},
    {GST_GENOS_ICE_POLICY_RELAY, "GST_GENOS_ICE_POLICY_RELAY", "relay"},
    {0, nullptr, nullptr}};

const GEnumValue room_states[] = {
    {GST_GENOS_ROOM_STATE_OUTSIDE, "GST_GENOS_ROOM_STATE_OUTSIDE", "outside"},
    {GST_GENOS_ROOM_STATE_JOINING, "GST_GENOS_ROOM_STATE_JOINING", "joining"},
    {GST_GENOS_ROOM_STATE_INSIDE, "GST_GENOS_ROOM_STATE_INSIDE", "inside"},
    {GST_GENOS_ROOM_STATE_LEAVING, "GST_GENOS_ROOM_STATE_LEAVING", "leaving"},
    {0, nullptr, nullptr}};

const GEnumValue file_states[] = {
    {GST_GENOS_FILE_STATE_OFFERED, "GST_GENOS_FILE_STATE_OFFERED", "offered"},
    {GST_GENOS_FILE_STATE_ACTIVE, "GST_GENOS_FILE_STATE_ACTIVE", "active"},
    {GST_GENOS_FILE_STATE_WAITING, "GST_GENOS_FILE_STATE_WAITING", "waiting"},
    {GST_GENOS_FILE_STATE_PAUSED, "GST_GENOS_FILE_STATE_PAUSED", "paused"},
    {GST_GENOS_FILE_STATE_DONE, "GST_GENOS_FILE_STATE_DONE", "done"},
    {GST_GENOS_FILE_STATE_FAILED, "GST_GENOS_FILE_STATE_FAILED", "failed"},
    {GST_GENOS_FILE_STATE_ENDED, "GST_GENOS_FILE_STATE_ENDED", "ended"},
    {0, nullptr, nullptr}};

const GEnumValue job_states[] = {
    {GST_GENOS_JOB_STATE_QUEUED, "GST_GENOS_JOB_STATE_QUEUED", "queued"},
    {GST_GENOS_JOB_STATE_RUNNING, "GST_GENOS_JOB_STATE_RUNNING", "running"},
    {GST_GENOS_JOB_STATE_DONE, "GST_GENOS_JOB_STATE_DONE", "done"},
    {GST_GENOS_JOB_STATE_FAILED, "GST_GENOS_JOB_STATE_FAILED", "failed"},
    {GST_GENOS_JOB_STATE_CANCELLED, "GST_GENOS_JOB_STATE_CANCELLED", "cancelled"},
    {0, nullptr, nullptr}};

const GFlagsValue file_flags[] = {
    {GST_GENOS_FILE_FLAGS_NONE, "GST_GENOS_FILE_FLAGS_NONE", "none"},
    {GST_GENOS_FILE_FLAGS_REPLACE, "GST_GENOS_FILE_FLAGS_REPLACE", "replace"},
    {GST_GENOS_FILE_FLAGS_DISCARD, "GST_GENOS_FILE_FLAGS_DISCARD", "discard"},
    {0, nullptr, nullptr}};

const GEnumValue file_events[] = {
    {GST_GENOS_FILE_EVENT_TAKES, "GST_GENOS_FILE_EVENT_TAKES", "takes"},
    {GST_GENOS_FILE_EVENT_SENT, "GST_GENOS_FILE_EVENT_SENT", "sent"},
    {GST_GENOS_FILE_EVENT_DONE, "GST_GENOS_FILE_EVENT_DONE", "done"},
    {GST_GENOS_FILE_EVENT_REFUSED, "GST_GENOS_FILE_EVENT_REFUSED", "refused"},
    {GST_GENOS_FILE_EVENT_STOPPED, "GST_GENOS_FILE_EVENT_STOPPED", "stopped"},
    {GST_GENOS_FILE_EVENT_GONE, "GST_GENOS_FILE_EVENT_GONE", "gone"},
    {0, nullptr, nullptr}};

const GEnumValue errors[] = {
    {GST_GENOS_ERROR_FAILED, "GST_GENOS_ERROR_FAILED", "failed"},
    {GST_GENOS_ERROR_INVALID, "GST_GENOS_ERROR_INVALID", "invalid"},
    {GST_GENOS_ERROR_STATE, "GST_GENOS_ERROR_STATE", "state"},
    {GST_GENOS_ERROR_CONFLICT, "GST_GENOS_ERROR_CONFLICT", "conflict"},
    {GST_GENOS_ERROR_UNREACHABLE, "GST_GENOS_ERROR_UNREACHABLE", "unreachable"},
    {GST_GENOS_ERROR_REFUSED, "GST_GENOS_ERROR_REFUSED", "refused"},
    {GST_GENOS_ERROR_TIMED_OUT, "GST_GENOS_ERROR_TIMED_OUT", "timed-out"},
    {GST_GENOS_ERROR_TOO_LARGE, "GST_GENOS_ERROR_TOO_LARGE", "too-large"},
    {0, nullptr, nullptr}};

}  // namespace

GType gst_genos_payload_get_type(void) {
  static const GType type = g_enum_register_static("GstGenosPayload", payloads);
  return type;
}
GType gst_genos_leave_reason_get_type(void) {
  static const GType type = g_enum_register_static("GstGenosLeaveReason", leave_reasons);
  return type;
}
GType gst_genos_overflow_get_type(void) {
  static const GType type = g_enum_register_static("GstGenosOverflow", overflows);
  return type;
}
GType gst_genos_activity_get_type(void) {
  static const GType type = g_flags_register_static("GstGenosActivity", activities);
  return type;
}
GType gst_genos_ice_policy_get_type(void) {
  static const GType type = g_enum_register_static("GstGenosIcePolicy", ice_policies);
  return type;
}
GType gst_genos_room_state_get_type(void) {
  static const GType type = g_enum_register_static("GstGenosRoomState", room_states);
  return type;
}
GType gst_genos_file_state_get_type(void) {
  static const GType type = g_enum_register_static("GstGenosFileState", file_states);
  return type;
}
GType gst_genos_file_flags_get_type(void) {
  static const GType type = g_flags_register_static("GstGenosFileFlags", file_flags);
  return type;
}
GType gst_genos_file_event_get_type(void) {
  static const GType type = g_enum_register_static("GstGenosFileEvent", file_events);
  return type;
}
GType gst_genos_job_state_get_type(void) {
  static const GType type = g_enum_register_static("GstGenosJobState", job_states);
  return type;
}
GType gst_genos_error_get_type(void) {
  static const GType type = g_enum_register_static("GstGenosError", errors);
  return type;
}

G_DEFINE_QUARK(gst - genos - error - quark, gst_genos_error)

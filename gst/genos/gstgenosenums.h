/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>
#include <gst/gst.h>

G_BEGIN_DECLS

#ifndef GST_GENOS_API
#define GST_GENOS_API extern __attribute__((visibility("default")))
#endif

#define GST_TYPE_GENOS_PAYLOAD (gst_genos_payload_get_type())
#define GST_TYPE_GENOS_LEAVE_REASON (gst_genos_leave_reason_get_type())
#define GST_TYPE_GENOS_OVERFLOW (gst_genos_overflow_get_type())
#define GST_TYPE_GENOS_ACTIVITY (gst_genos_activity_get_type())
#define GST_TYPE_GENOS_ICE_POLICY (gst_genos_ice_policy_get_type())
#define GST_TYPE_GENOS_ROOM_STATE (gst_genos_room_state_get_type())
#define GST_TYPE_GENOS_FILE_STATE (gst_genos_file_state_get_type())
#define GST_TYPE_GENOS_FILE_FLAGS (gst_genos_file_flags_get_type())
#define GST_TYPE_GENOS_FILE_EVENT (gst_genos_file_event_get_type())
#define GST_TYPE_GENOS_JOB_STATE (gst_genos_job_state_get_type())
#define GST_TYPE_GENOS_ERROR (gst_genos_error_get_type())

/**
 * GstGenosPayload:
 * @GST_GENOS_PAYLOAD_TEXT: UTF-8 text
 * @GST_GENOS_PAYLOAD_JSON: JSON text
 * @GST_GENOS_PAYLOAD_BYTES: any bytes
 *
 * What a message carries.
 */
typedef enum {
  GST_GENOS_PAYLOAD_TEXT,
  GST_GENOS_PAYLOAD_JSON,
  GST_GENOS_PAYLOAD_BYTES
} GstGenosPayload;

/**
 * GstGenosLeaveReason:
 * @GST_GENOS_LEAVE_REASON_SAID_GOODBYE: the peer left the room
 * @GST_GENOS_LEAVE_REASON_LOST: nothing was heard of it for too long, or its link broke for good
 * @GST_GENOS_LEAVE_REASON_REFUSED: it may not be here: not trusted, not strict, wrong password
 * @GST_GENOS_LEAVE_REASON_UNWANTED: the room's topology needs no link to it any more
 * @GST_GENOS_LEAVE_REASON_LOCAL: we left
 *
 * Why a peer is no longer in the room.
 */
typedef enum {
  GST_GENOS_LEAVE_REASON_SAID_GOODBYE,
  GST_GENOS_LEAVE_REASON_LOST,
  GST_GENOS_LEAVE_REASON_REFUSED,
  GST_GENOS_LEAVE_REASON_UNWANTED,
  GST_GENOS_LEAVE_REASON_LOCAL
} GstGenosLeaveReason;

/**
 * GstGenosOverflow:
 * @GST_GENOS_OVERFLOW_WAIT: messages wait; `send` tells when they are gone
 * @GST_GENOS_OVERFLOW_DROP_OLDEST: the oldest waiting message gives way
 * @GST_GENOS_OVERFLOW_DROP_PEER: the peer is dropped
 *
 * What happens when more waits for one peer than #GstGenosRoom:queue-limit allows. Other peers
 * never notice.
 */
typedef enum {
  GST_GENOS_OVERFLOW_WAIT,
  GST_GENOS_OVERFLOW_DROP_OLDEST,
  GST_GENOS_OVERFLOW_DROP_PEER
} GstGenosOverflow;

/**
 * GstGenosActivity:
 * @GST_GENOS_ACTIVITY_NONE: nothing
 * @GST_GENOS_ACTIVITY_SEND: this peer sends
 * @GST_GENOS_ACTIVITY_RECEIVE: this peer receives
 *
 * What a peer does in a room. Two of ours that only receive are not linked with each other.
 */
typedef enum {
  GST_GENOS_ACTIVITY_NONE = 0,
  GST_GENOS_ACTIVITY_SEND = 1 << 0,
  GST_GENOS_ACTIVITY_RECEIVE = 1 << 1
} GstGenosActivity;

/**
 * GstGenosIcePolicy:
 * @GST_GENOS_ICE_POLICY_ALL: any path
 * @GST_GENOS_ICE_POLICY_RELAY: only through a TURN server
 *
 * Which paths a link may take.
 */
typedef enum { GST_GENOS_ICE_POLICY_ALL, GST_GENOS_ICE_POLICY_RELAY } GstGenosIcePolicy;

/**
 * GstGenosRoomState:
 * @GST_GENOS_ROOM_STATE_OUTSIDE: not joined
 * @GST_GENOS_ROOM_STATE_JOINING: looking for a relay
 * @GST_GENOS_ROOM_STATE_INSIDE: at least one relay carries our words
 * @GST_GENOS_ROOM_STATE_LEAVING: saying goodbye
 *
 * Where a room object stands.
 */
typedef enum {
  GST_GENOS_ROOM_STATE_OUTSIDE,
  GST_GENOS_ROOM_STATE_JOINING,
  GST_GENOS_ROOM_STATE_INSIDE,
  GST_GENOS_ROOM_STATE_LEAVING
} GstGenosRoomState;

/**
 * GstGenosFileState:
 * @GST_GENOS_FILE_STATE_OFFERED: a peer offers it; it waits for an answer
 * @GST_GENOS_FILE_STATE_ACTIVE: it is being received, or can be had from us
 * @GST_GENOS_FILE_STATE_WAITING: nobody who has it is there; it goes on when somebody comes
 * @GST_GENOS_FILE_STATE_PAUSED: held by gst_genos_file_pause()
 * @GST_GENOS_FILE_STATE_DONE: received, checked, and in its place
 * @GST_GENOS_FILE_STATE_FAILED: it cannot go on; what is here stays and can be gone on with
 * @GST_GENOS_FILE_STATE_ENDED: refused, cancelled or withdrawn
 *
 * Where a file stands.
 */
typedef enum {
  GST_GENOS_FILE_STATE_OFFERED,
  GST_GENOS_FILE_STATE_ACTIVE,
  GST_GENOS_FILE_STATE_WAITING,
  GST_GENOS_FILE_STATE_PAUSED,
  GST_GENOS_FILE_STATE_DONE,
  GST_GENOS_FILE_STATE_FAILED,
  GST_GENOS_FILE_STATE_ENDED
} GstGenosFileState;

/**
 * GstGenosFileFlags:
 * @GST_GENOS_FILE_FLAGS_NONE: nothing special
 * @GST_GENOS_FILE_FLAGS_REPLACE: accept: a file of the same name is replaced, where else a number
 * would be added to the name; a folder never is
 * @GST_GENOS_FILE_FLAGS_DISCARD: cancel: what was received is removed, where else it stays to be
 * gone on with
 *
 * How a file is accepted or cancelled.
 */
typedef enum {
  GST_GENOS_FILE_FLAGS_NONE = 0,
  GST_GENOS_FILE_FLAGS_REPLACE = 1 << 0,
  GST_GENOS_FILE_FLAGS_DISCARD = 1 << 1
} GstGenosFileFlags;

/**
 * GstGenosFileEvent:
 * @GST_GENOS_FILE_EVENT_TAKES: the peer has accepted it
 * @GST_GENOS_FILE_EVENT_SENT: more of it was sent to the peer
 * @GST_GENOS_FILE_EVENT_DONE: the peer has all of it, checked and in its place
 * @GST_GENOS_FILE_EVENT_REFUSED: the peer does not want it
 * @GST_GENOS_FILE_EVENT_STOPPED: the peer has given it up
 * @GST_GENOS_FILE_EVENT_GONE: the peer has left the room before it had all of it
 *
 * What a peer does with a file that we offer.
 */
typedef enum {
  GST_GENOS_FILE_EVENT_TAKES,
  GST_GENOS_FILE_EVENT_SENT,
  GST_GENOS_FILE_EVENT_DONE,
  GST_GENOS_FILE_EVENT_REFUSED,
  GST_GENOS_FILE_EVENT_STOPPED,
  GST_GENOS_FILE_EVENT_GONE
} GstGenosFileEvent;

/**
 * GstGenosJobState:
 * @GST_GENOS_JOB_STATE_QUEUED: it did not begin yet
 * @GST_GENOS_JOB_STATE_RUNNING: it runs
 * @GST_GENOS_JOB_STATE_DONE: all of it is made
 * @GST_GENOS_JOB_STATE_FAILED: it ended with an error
 * @GST_GENOS_JOB_STATE_CANCELLED: it was ended early
 *
 * Where a job stands.
 */
typedef enum {
  GST_GENOS_JOB_STATE_QUEUED,
  GST_GENOS_JOB_STATE_RUNNING,
  GST_GENOS_JOB_STATE_DONE,
  GST_GENOS_JOB_STATE_FAILED,
  GST_GENOS_JOB_STATE_CANCELLED
} GstGenosJobState;

/**
 * GstGenosError:
 * @GST_GENOS_ERROR_FAILED: something else went wrong; the message says what
 * @GST_GENOS_ERROR_INVALID: a name, size, URI or JSON that cannot be used
 * @GST_GENOS_ERROR_STATE: not possible now, for example before joining
 * @GST_GENOS_ERROR_CONFLICT: the same peer is used elsewhere with another property
 * @GST_GENOS_ERROR_UNREACHABLE: no relay, or no such peer
 * @GST_GENOS_ERROR_REFUSED: a relay, a peer or a policy said no
 * @GST_GENOS_ERROR_TIMED_OUT: no answer in time
 * @GST_GENOS_ERROR_TOO_LARGE: more than a limit allows
 *
 * Errors of the library.
 */
typedef enum {
  GST_GENOS_ERROR_FAILED,
  GST_GENOS_ERROR_INVALID,
  GST_GENOS_ERROR_STATE,
  GST_GENOS_ERROR_CONFLICT,
  GST_GENOS_ERROR_UNREACHABLE,
  GST_GENOS_ERROR_REFUSED,
  GST_GENOS_ERROR_TIMED_OUT,
  GST_GENOS_ERROR_TOO_LARGE
} GstGenosError;

#define GST_GENOS_ERROR (gst_genos_error_quark())
GST_GENOS_API GQuark gst_genos_error_quark(void);

GST_GENOS_API GType gst_genos_payload_get_type(void);
GST_GENOS_API GType gst_genos_leave_reason_get_type(void);
GST_GENOS_API GType gst_genos_overflow_get_type(void);
GST_GENOS_API GType gst_genos_activity_get_type(void);
GST_GENOS_API GType gst_genos_ice_policy_get_type(void);
GST_GENOS_API GType gst_genos_room_state_get_type(void);
GST_GENOS_API GType gst_genos_file_state_get_type(void);
GST_GENOS_API GType gst_genos_file_flags_get_type(void);
GST_GENOS_API GType gst_genos_file_event_get_type(void);
GST_GENOS_API GType gst_genos_job_state_get_type(void);
GST_GENOS_API GType gst_genos_error_get_type(void);

G_END_DECLS

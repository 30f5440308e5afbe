/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_TYPE_GENOS_DATA_CHANNEL (gst_genos_data_channel_get_type())
G_DECLARE_FINAL_TYPE(GstGenosDataChannel, gst_genos_data_channel, GST, GENOS_DATA_CHANNEL,
                     GstElement)
GST_ELEMENT_REGISTER_DECLARE(genosdatachannel)

/**
 * GstGenosFraming:
 * @GST_GENOS_FRAMING_MESSAGE: a buffer is a message
 * @GST_GENOS_FRAMING_LINES: a line of text is a message
 * @GST_GENOS_FRAMING_BYTES: a stream of bytes: its order is kept, and its end, but no boundaries
 *
 * What of a stream is a message.
 */
typedef enum {
  GST_GENOS_FRAMING_MESSAGE,
  GST_GENOS_FRAMING_LINES,
  GST_GENOS_FRAMING_BYTES
} GstGenosFraming;

/**
 * GstGenosPayloadChoice:
 * @GST_GENOS_PAYLOAD_CHOICE_AUTO: text for lines and text caps, JSON for application/json, else
 * bytes
 * @GST_GENOS_PAYLOAD_CHOICE_TEXT: text, which pages get as a string
 * @GST_GENOS_PAYLOAD_CHOICE_JSON: JSON, which pages get as a value
 * @GST_GENOS_PAYLOAD_CHOICE_BYTES: bytes
 *
 * What a message is for its receivers.
 */
typedef enum {
  GST_GENOS_PAYLOAD_CHOICE_AUTO,
  GST_GENOS_PAYLOAD_CHOICE_TEXT,
  GST_GENOS_PAYLOAD_CHOICE_JSON,
  GST_GENOS_PAYLOAD_CHOICE_BYTES
} GstGenosPayloadChoice;

/**
 * GstGenosDelivery:
 * @GST_GENOS_DELIVERY_RELIABLE: everything arrives, in order
 * @GST_GENOS_DELIVERY_FRESH: what cannot be passed on at once is dropped, and what is lost on the
 * way is not sent again; not to web pages
 *
 * What becomes of data that a slow or bad line cannot take.
 */
typedef enum { GST_GENOS_DELIVERY_RELIABLE, GST_GENOS_DELIVERY_FRESH } GstGenosDelivery;

G_END_DECLS

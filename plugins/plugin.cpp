// SPDX-License-Identifier: LGPL-2.1-or-later
// The plugin: a list of its elements. Nothing starts here; the first room does.
#include "datachannel/gstgenosdatachannel.h"
#include "roomsink/gstgenosroomsink.h"
#include "roomsrc/gstgenosroomsrc.h"
#include "rtpav1depay/gstgenosrtpav1depay.h"
#include "rtpav1pay/gstgenosrtpav1pay.h"
#include "rtpdependency/gstgenosrtpdependency.h"
#include "transcodebin/gstgenostranscodebin.h"
#ifdef GENOS_HAVE_AV1
#include "av1dec/gstgenosav1dec.h"
#include "av1enc/gstgenosav1enc.h"
#endif

static gboolean plugin_init(GstPlugin* plugin) {
  gboolean done = GST_ELEMENT_REGISTER(genosdatachannel, plugin);
  done &= GST_ELEMENT_REGISTER(genosroomsink, plugin);
  done &= GST_ELEMENT_REGISTER(genosroomsrc, plugin);
  done &= GST_ELEMENT_REGISTER(genosrtpav1pay, plugin);
  done &= GST_ELEMENT_REGISTER(genosrtpav1depay, plugin);
  done &= GST_ELEMENT_REGISTER(genosrtpdependency, plugin);
  done &= GST_ELEMENT_REGISTER(genostranscodebin, plugin);
#ifdef GENOS_HAVE_AV1
  done &= GST_ELEMENT_REGISTER(genosav1dec, plugin);
  done &= GST_ELEMENT_REGISTER(genosav1enc, plugin);
#endif
  return done;
}

#define PACKAGE "genos"
GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, genos, "Peer-to-peer rooms", plugin_init,
                  GENOS_VERSION, "LGPL", "genos", "https://genos.invalid")

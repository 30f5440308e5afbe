// SPDX-License-Identifier: LGPL-2.1-or-later
// The offer/answer state of one connection: which call of webrtcbin comes next, and when to give up.
#pragma once

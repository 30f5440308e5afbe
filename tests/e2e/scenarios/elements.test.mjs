// SPDX-License-Identifier: LGPL-2.1-or-later
// Elements and pages in one room.
import {elementBehaviours} from '../behaviours/elements.mjs';
import {paintedBehaviours} from '../behaviours/painted.mjs';
import {roomBehaviours} from '../behaviours/rooms.mjs';

elementBehaviours();
roomBehaviours();
paintedBehaviours();

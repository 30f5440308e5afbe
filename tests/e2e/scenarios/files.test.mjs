// SPDX-License-Identifier: LGPL-2.1-or-later
// Files between pages and us.
import {fileBehaviours} from '../behaviours/files.mjs';

fileBehaviours();
